# Untried. `url` and `sha256` are set for each release.
class Rbgv < Formula
  desc "Remove backgrounds from videos through the RemoveBGVideo API"
  homepage "https://removebgvideo.com/"
  url "https://example.invalid/rbgv-0.1.0.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "Apache-2.0"

  depends_on "rust" => :build
  depends_on "ffmpeg"

  def install
    system "cargo", "install", *std_cargo_args
    man1.install Dir["docs/man/*.1"]
    man7.install Dir["docs/man/*.7"]
    bash_completion.install "completions/rbgv.bash" => "rbgv"
    zsh_completion.install "completions/_rbgv"
    fish_completion.install "completions/rbgv.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/rbgv --version")
    assert_match "no API key", shell_output("#{bin}/rbgv run #{test_fixtures("test.gif")} 2>&1", 3).downcase
  end
end
