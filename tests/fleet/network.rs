//! Machines as network namespaces: each has an interface of its own on one bridge.

use std::process::{Command, Stdio};

/// The address of the bridge, where the servers listen.
pub(crate) const HUB: &str = "10.9.0.1";

/// Set in a test that runs in namespaces of its own.
const INSIDE: &str = "RBGV_TEST_IN_NAMESPACE";

/// Runs the test `name` in a network of its own, which ends with it. Returns whether the caller is
/// there; otherwise the test has run, or cannot be run on this machine.
pub(crate) fn enter(name: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        build();
        return true;
    }
    if !rustix::process::geteuid().is_root() || !can_build() {
        println!("{name}: not tested, since network namespaces need root and the program ip");
        return false;
    }
    let mut inside = Command::new("unshare");
    inside.args(["--net", "--mount"]).arg(std::env::current_exe().unwrap());
    inside.args(["--exact", name, "--include-ignored", "--nocapture"]).env(INSIDE, "1");
    assert!(inside.status().unwrap().success(), "{name} failed");
    false
}

/// Whether the system has all that [`build`] and [`add_machine`] need.
fn can_build() -> bool {
    let steps = "mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns && ip netns add probe \
                 && ip link add hub type bridge && ip link add v type veth peer name eth0 netns probe";
    let probe = Command::new("unshare").args(["--net", "--mount", "sh", "-c", steps]).output();
    probe.is_ok_and(|output| output.status.success())
}

/// The bridge of the current network.
fn build() {
    std::fs::create_dir_all("/run/netns").unwrap();
    // Names of namespaces are files, here in a file system of this test's own.
    must("mount", "-t tmpfs tmpfs /run/netns");
    must("ip", "link set lo up");
    must("ip", "link add hub type bridge");
    must("ip", &format!("addr add {HUB}/24 dev hub"));
    must("ip", "link set hub up");
}

/// Adds machine `number`, which is run by [`on`].
pub(crate) fn add_machine(number: usize) {
    must("ip", &format!("netns add m{number}"));
    must("ip", &format!("link add v{number} type veth peer name eth0 netns m{number}"));
    must("ip", &format!("link set v{number} master hub up"));
    must("ip", &format!("-n m{number} addr add 10.9.0.{}/24 dev eth0", number + 10));
    must("ip", &format!("-n m{number} link set eth0 up"));
    must("ip", &format!("-n m{number} link set lo up"));
}

/// Connects machine `number` to the others, or cuts it off.
pub(crate) fn connect(number: usize, is_connected: bool) {
    must("ip", &format!("link set v{number} {}", if is_connected { "up" } else { "down" }));
}

/// `command` on machine `number`.
pub(crate) fn on(number: usize, command: &Command) -> Command {
    let mut inside = Command::new("ip");
    inside.args(["netns", "exec", &format!("m{number}")]);
    inside.arg(command.get_program()).args(command.get_args()).env_clear();
    inside.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    inside.current_dir(command.get_current_dir().unwrap()).stdin(Stdio::null());
    inside
}

fn run(program: &str, args: &str) -> bool {
    let ran = Command::new(program).args(args.split(' ')).stdin(Stdio::null()).output();
    ran.is_ok_and(|output| output.status.success())
}

fn must(program: &str, args: &str) {
    assert!(run(program, args), "{program} {args}");
}
