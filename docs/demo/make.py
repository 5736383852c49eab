#!/usr/bin/env python3
"""Makes docs/demo/demo.svg, the picture at the top of README, from a real run.

    cargo build --release --locked && python3 docs/demo/make.py target/release/rbgv

Types a command in a terminal (tmux), waits until it has ended, and draws the screen as SVG, above a
frame of the clip and the same frame of its output over a checkerboard. Needs tmux and ffmpeg.
"""

import base64
import html
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLIP = ROOT / "src/sandbox/assets/astronaut.mp4"
OUTPUT = ROOT / "docs/demo/demo.svg"
COMMAND = "rbgv run --sandbox astronaut.mp4"
COLUMNS, ROWS = 84, 12
WIDTH, LINE, LETTER, MARGIN = 760, 20, 8.43, 20
COLOURS = {31: "#f07178", 32: "#a6d189", 33: "#e5c07b", 34: "#7aa2f7", 36: "#7dcfff"}
FOREGROUND, BACKGROUND, DIM = "#d5dae3", "#16191f", "#8a93a3"


def run(*words, **options):
    return subprocess.run(words, check=True, capture_output=True, **options).stdout


def screen(program, directory):
    """The screen after the command, with its colours, without empty lines at the end."""
    commands = directory / "bin"
    commands.mkdir()
    (commands / "rbgv").symlink_to(program)
    work = directory / "work"
    work.mkdir()
    shutil.copy(CLIP, work / "astronaut.mp4")
    tmux = ["tmux", "-S", str(directory / "socket")]
    environment = {
        "PATH": f"{commands}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(directory),
        "LC_ALL": "C.UTF-8",
    }
    size = ["-x", str(COLUMNS), "-y", str(ROWS)]
    run(*tmux, "-f", "/dev/null", "new-session", "-d", *size, "sh", cwd=work, env=environment)
    try:
        run(*tmux, "send-keys", "-l", "PS1='$ '; clear")
        run(*tmux, "send-keys", "Enter")
        time.sleep(1)
        run(*tmux, "send-keys", "-l", COMMAND)
        run(*tmux, "send-keys", "Enter")
        for _ in range(3_000):
            time.sleep(0.1)
            shown = run(*tmux, "capture-pane", "-p", "-e").decode().rstrip().splitlines()
            if len(shown) > 1 and plain(shown[-1]).strip() == "$":
                return shown[:-1], work / "astronaut-nobg.webm"
        sys.exit("the command did not end:\n" + "\n".join(shown))
    finally:
        subprocess.run([*tmux, "kill-server"], check=False)


def plain(line):
    return re.sub(r"\x1b\[[0-9;]*m", "", line)


def line_as_svg(line, y):
    """One line of a terminal as SVG text, with a span for each colour."""
    spans, style, column = [], {}, 0
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        code = re.fullmatch(r"\x1b\[([0-9;]*)m", part)
        if code:
            for number in [int(word or 0) for word in code.group(1).split(";")]:
                if number in (0, 39):
                    style = {} if number == 0 else {k: v for k, v in style.items() if k != "fill"}
                elif number == 1:
                    style["font-weight"] = "bold"
                elif number == 2:
                    style["fill"] = DIM
                elif number in COLOURS:
                    style["fill"] = COLOURS[number]
        elif part:
            attributes = "".join(f' {key}="{value}"' for key, value in style.items())
            x = MARGIN + column * LETTER
            spans.append(f'<tspan x="{x:.1f}"{attributes}>{html.escape(part)}</tspan>')
            column += len(part)
    return f'<text y="{y}" xml:space="preserve">{"".join(spans)}</text>'


def frame(video, decoder, form):
    """The middle frame of a video, as a data URI."""
    scale = ["-frames:v", "1", "-vf", "scale=300:300"]
    picture = run("ffmpeg", "-v", "error", *decoder, "-ss", "1", "-i", str(video), *scale,
                  "-f", "image2pipe", *form[1:], "-")
    return f"data:image/{form[0]};base64,{base64.b64encode(picture).decode()}"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    program = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="demo-") as name:
        lines, video = screen(program, pathlib.Path(name))
        before = frame(CLIP, [], ("jpeg", "-c:v", "mjpeg", "-q:v", "4"))
        after = frame(video, ["-c:v", "libvpx-vp9"], ("png", "-c:v", "png"))
    terminal = MARGIN + len(lines) * LINE + MARGIN
    height = terminal + 340
    text = "\n".join(line_as_svg(line, MARGIN + 14 + n * LINE) for n, line in enumerate(lines))
    said = html.escape("\n".join(plain(line) for line in lines))
    OUTPUT.write_text(f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">
<title>A terminal, and a frame of the clip before and after</title>
<desc>{said}</desc>
<defs>
<pattern id="checks" width="20" height="20" patternUnits="userSpaceOnUse">
<rect width="20" height="20" fill="#ffffff"/>
<path d="M0 0h10v10H0zM10 10h10v10H10z" fill="#c9ced6"/>
</pattern>
</defs>
<rect width="{WIDTH}" height="{height}" rx="8" fill="{BACKGROUND}"/>
<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14" fill="{FOREGROUND}">
{text}
</g>
<image x="40" y="{terminal}" width="300" height="300" href="{before}"/>
<rect x="420" y="{terminal}" width="300" height="300" fill="url(#checks)"/>
<image x="420" y="{terminal}" width="300" height="300" href="{after}"/>
<path d="M362 {terminal + 150}h34m-10 -9l10 9l-10 9" stroke="{FOREGROUND}" stroke-width="3" fill="none"/>
</svg>
""")
    print(f"{OUTPUT}: {OUTPUT.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main()
