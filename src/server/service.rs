//! The shop as a service of the system: it starts with the PC and comes back after a fault. Where systemd runs; README.md
//! says what to do elsewhere.

use std::fs;
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use etcetera::base_strategy::{BaseStrategy, choose_native_strategy};
use thiserror::Error;

use crate::server::config::{InstallArgs, ServiceCommand, UninstallArgs, platform_folder};
use crate::server::error::StartError;
use crate::server::{bundle, say};

/// What the service is called, and the user that it runs as where nobody names one.
const NAME: &str = "mikrodash";
/// The unit's file.
const UNIT: &str = "mikrodash.service";
/// The file that says that there is such a user, and what is in it. A user that stays, unlike one that systemd makes up for
/// each start, can be given a folder on another disk, and a stopped shop be restored as.
const USER: &str = "mikrodash.conf";
const USER_LINE: &str = "u mikrodash - \"MikroDash, the shop's till\" /var/lib/mikrodash\n";
/// Where a service of the whole machine keeps its data: the place that systemd makes for it.
const STATE: &str = "/var/lib/mikrodash";
/// The first port that everybody may listen on.
const FREE_PORT: u16 = 1024;
/// Where people live: programs in there are nobody else's to run.
const HOMES: [&str; 2] = ["/home", "/root"];
/// What a service of the machine may do: nothing but what the shop needs. Disks that are plugged in can take backups.
const WALLS: &str = "\
UMask=0077
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths=-/media -/mnt -/run/media
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
";
/// The same for a service of one person, whose systemd cannot build the other walls.
const OWN_WALLS: &str = "\
UMask=0077
NoNewPrivileges=yes
RestrictRealtime=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
";

/// Why there is no service, or still one. Nothing has been changed.
#[derive(Debug, Error)]
pub enum ServiceError {
    /// Nothing there starts services as we know it.
    #[error(
        "systemd does not run here, so no service can be installed; README.md says how to start the shop elsewhere"
    )]
    NoSystemd,
    /// The program has its site somewhere else.
    #[error("this program does not carry its site; install the one that make package makes")]
    NotPacked,
    /// The service's own user may write nowhere else.
    #[error("a folder of your own needs --run-as with the name of the user that it belongs to")]
    WhoseFolder,
    /// The folder for the data is not there.
    #[error("there is no folder {}; make it, and give it to the user of --run-as", .0.display())]
    NoFolder(PathBuf),
    /// The service's user could not start the program there.
    #[error("{} is in somebody's home; put the program where every user can run it, as in /usr/local/bin", .0.display())]
    InHome(PathBuf),
    /// A person's services may not listen there.
    #[error(
        "port {0} is for services of the whole machine; leave --user away, or choose another with --port"
    )]
    LowPort(u16),
    /// There is no home to put it into.
    #[error("this user has no home folder")]
    NoHome,
    /// A path has a line's end in it, or is no text.
    #[error("{} is no name that a service can be given", .0.display())]
    Name(PathBuf),
    /// The unit cannot be written or taken away.
    #[error("cannot write {}: {error}; install it with sudo, or with --user for yourself alone", .file.display())]
    Unwritable {
        /// The unit's file.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// There is none.
    #[error("there is no service at {}", .0.display())]
    NotInstalled(PathBuf),
    /// systemd did not do it.
    #[error("{asked}: {said}")]
    Refused {
        /// What was asked of it.
        asked: String,
        /// What it said.
        said: String,
    },
}

/// What a unit says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Unit {
    program: PathBuf,
    data: PathBuf,
    address: Option<IpAddr>,
    port: Option<u16>,
    tls_port: Option<u16>,
    run_as: Option<String>,
    is_user: bool,
}

impl Unit {
    /// What is asked for, checked.
    fn of(args: &InstallArgs, program: PathBuf) -> Result<Unit, ServiceError> {
        let mut ports = [args.port, args.tls_port].into_iter().flatten();
        let is_low = ports.find(|port| (1..FREE_PORT).contains(port));
        let data = match (&args.data, args.user) {
            (Some(data), _) => {
                std::path::absolute(data).map_err(|_| ServiceError::Name(data.clone()))?
            }
            (None, true) => platform_folder().ok_or(ServiceError::NoHome)?,
            (None, false) => PathBuf::from(STATE),
        };
        if args.user {
            if let Some(port) = is_low {
                return Err(ServiceError::LowPort(port));
            }
        } else if args.run_as.is_none() {
            if args.data.is_some() {
                return Err(ServiceError::WhoseFolder);
            }
            if HOMES.iter().any(|home| program.starts_with(home)) {
                return Err(ServiceError::InHome(program));
            }
        }
        for path in [&program, &data] {
            if !path
                .to_str()
                .is_some_and(|text| text.chars().all(|letter| !letter.is_control()))
            {
                return Err(ServiceError::Name(path.clone()));
            }
        }
        Ok(Unit {
            program,
            data,
            address: args.address,
            port: args.port,
            tls_port: args.tls_port,
            run_as: args.run_as.clone(),
            is_user: args.user,
        })
    }

    /// The unit's file. A `Leptos.toml` in the data folder is read.
    fn text(&self) -> String {
        let data = self.data.display().to_string();
        let mut command = vec![self.program.display().to_string(), "serve".to_owned()];
        command.extend(["--data".to_owned(), data.clone()]);
        for (flag, value) in [
            ("--address", self.address.map(|address| address.to_string())),
            ("--port", self.port.map(|port| port.to_string())),
            ("--tls-port", self.tls_port.map(|port| port.to_string())),
        ] {
            command.extend(value.into_iter().flat_map(|value| [flag.to_owned(), value]));
        }
        let command: Vec<String> = command.iter().map(|word| quote(word)).collect();
        let (program, words) = (&command[0], command[1..].join(" "));
        let (after, wanted_by) = if self.is_user {
            ("", "default.target")
        } else {
            (
                "Wants=network-online.target\nAfter=network-online.target\n",
                "multi-user.target",
            )
        };
        format!(
            "[Unit]\nDescription=MikroDash, the shop's till\n{after}\n\
             [Service]\nType=exec\nExecStart={program} {}\nWorkingDirectory={}\nRestart=always\nRestartSec=5\n{}{}\n\
             [Install]\nWantedBy={wanted_by}\n",
            words.replace('$', "$$"),
            plain(&data),
            self.user(),
            if self.is_user { OWN_WALLS } else { WALLS },
        )
    }

    /// Who it runs as, and what they may beside the walls.
    fn user(&self) -> String {
        if self.is_user {
            return String::new();
        }
        let who = match &self.run_as {
            Some(user) => format!("User={user}\n"),
            None => format!("User={NAME}\n"),
        };
        let place = if self.data == Path::new(STATE) {
            format!("StateDirectory={NAME}\nStateDirectoryMode=0700\n")
        } else {
            format!(
                "ReadWritePaths={}\n",
                quote(&self.data.display().to_string())
            )
        };
        let low = [self.port, self.tls_port]
            .iter()
            .flatten()
            .any(|port| *port < FREE_PORT);
        let may = if low { "CAP_NET_BIND_SERVICE" } else { "" };
        format!("{who}{place}CapabilityBoundingSet={may}\nAmbientCapabilities={may}\n")
    }
}

/// A word of a command or a list, as systemd reads it.
fn quote(word: &str) -> String {
    let word = plain(word).replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{word}\"")
}

/// A value that is taken as it stands, but for the sign that begins what systemd fills in.
fn plain(value: &str) -> String {
    value.replace('%', "%%")
}

/// The systemd that keeps a service.
struct Systemd {
    /// What is there while it runs.
    mark: PathBuf,
    /// The folders of units, and of the users that there are to be.
    units: PathBuf,
    users: PathBuf,
    /// Runs a program of it; what that says where it refuses.
    control: Control,
    is_user: bool,
}

type Control = Box<dyn Fn(&str, &[&str]) -> Result<(), String>>;

/// Asks systemd itself.
fn control(program: &str, words: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(words).output();
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

impl Systemd {
    fn new(is_user: bool) -> Result<Systemd, ServiceError> {
        let units = if is_user {
            let homes = choose_native_strategy().map_err(|_| ServiceError::NoHome)?;
            homes.config_dir().join("systemd/user")
        } else {
            PathBuf::from("/etc/systemd/system")
        };
        Ok(Systemd {
            mark: PathBuf::from("/run/systemd/system"),
            units,
            users: PathBuf::from("/etc/sysusers.d"),
            control: Box::new(control),
            is_user,
        })
    }

    fn tell(&self, words: &[&str]) -> Result<(), ServiceError> {
        let own = self.is_user.then_some("--user");
        let words: Vec<&str> = own.into_iter().chain(words.iter().copied()).collect();
        self.run("systemctl", &words)
    }

    fn run(&self, program: &str, words: &[&str]) -> Result<(), ServiceError> {
        (self.control)(program, words).map_err(|said| ServiceError::Refused {
            asked: format!("{program} {}", words.join(" ")),
            said: said.split_whitespace().collect::<Vec<_>>().join(" "),
        })
    }

    /// Makes the user of its own, where there is none yet.
    fn make_user(&self) -> Result<(), ServiceError> {
        let file = self.users.join(USER);
        let written = fs::create_dir_all(&self.users).and_then(|()| fs::write(&file, USER_LINE));
        let told = file.display().to_string();
        written.map_err(|error| ServiceError::Unwritable { file, error })?;
        self.run("systemd-sysusers", &[&told])
    }

    /// Writes the unit, and starts what it says now and whenever the PC starts. Where systemd refuses that, the unit goes.
    fn install(&self, unit: &Unit) -> Result<PathBuf, ServiceError> {
        if !self.mark.is_dir() {
            return Err(ServiceError::NoSystemd);
        }
        if self.is_user {
            fs::create_dir_all(&unit.data)
                .map_err(|_| ServiceError::NoFolder(unit.data.clone()))?;
        } else if unit.data != Path::new(STATE) && !unit.data.is_dir() {
            return Err(ServiceError::NoFolder(unit.data.clone()));
        }
        if !self.is_user && unit.run_as.is_none() {
            self.make_user()?;
        }
        let file = self.units.join(UNIT);
        let before = fs::read(&file).ok();
        let unwritable = |error| ServiceError::Unwritable {
            file: file.clone(),
            error,
        };
        fs::create_dir_all(&self.units)
            .and_then(|()| fs::write(&file, unit.text()))
            .map_err(unwritable)?;
        let started = self
            .tell(&["daemon-reload"])
            .and_then(|()| self.tell(&["enable", UNIT]))
            .and_then(|()| self.tell(&["restart", UNIT]));
        if let Err(error) = started {
            if let Some(before) = before {
                fs::write(&file, before).ok();
            } else {
                self.tell(&["disable", "--now", UNIT]).ok();
                fs::remove_file(&file).ok();
            }
            self.tell(&["daemon-reload"]).ok();
            return Err(error);
        }
        Ok(file)
    }

    /// Stops the service and takes its unit away; says where the data stays.
    fn uninstall(&self) -> Result<String, ServiceError> {
        let file = self.units.join(UNIT);
        let text = match fs::read_to_string(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(ServiceError::NotInstalled(file));
            }
            read => read.map_err(|error| ServiceError::Unwritable {
                file: file.clone(),
                error,
            })?,
        };
        if !self.mark.is_dir() {
            return Err(ServiceError::NoSystemd);
        }
        self.tell(&["disable", "--now", UNIT])?;
        fs::remove_file(&file).map_err(|error| ServiceError::Unwritable { file, error })?;
        self.tell(&["daemon-reload"])?;
        let mut lines = text.lines();
        let data = lines.find_map(|line| line.strip_prefix("WorkingDirectory="));
        Ok(data.unwrap_or(STATE).replace("%%", "%"))
    }
}

/// Installs or takes away the service, and says what was done.
pub fn command(command: ServiceCommand) -> Result<(), StartError> {
    match command {
        ServiceCommand::Install(args) => install(&args),
        ServiceCommand::Uninstall(UninstallArgs { user }) => {
            let data = Systemd::new(user)?.uninstall()?;
            say(&format!(
                "The service is stopped and gone. The shop's data stays in {data}"
            ));
            Ok(())
        }
    }
}

fn install(args: &InstallArgs) -> Result<(), StartError> {
    let program = std::env::current_exe()?;
    let unit = Unit::of(args, program.clone())?;
    if args.print {
        say(unit.text().trim_end());
        return Ok(());
    }
    let systemd = Systemd::new(args.user)?;
    if !systemd.mark.is_dir() {
        return Err(ServiceError::NoSystemd.into());
    }
    if !bundle::is_packed(&program)? {
        return Err(ServiceError::NotPacked.into());
    }
    let file = systemd.install(&unit)?;
    let user = if args.user { " --user" } else { "" };
    say(&format!(
        "systemd starts the shop, now and with the PC: {}",
        file.display()
    ));
    say(&format!(
        "Its data is in {}; a Leptos.toml there is read",
        unit.data.display()
    ));
    say(&format!(
        "How it is: systemctl{user} status {NAME}; what it says: journalctl{user} -u {NAME}"
    ));
    if args.user {
        say("It starts when you log in; for a start without that: loginctl enable-linger");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use tempfile::TempDir;

    use super::*;

    fn args() -> InstallArgs {
        InstallArgs::default()
    }

    fn unit(args: &InstallArgs) -> Result<Unit, ServiceError> {
        Unit::of(args, PathBuf::from("/usr/local/bin/mikrodash"))
    }

    fn has(text: &str, line: &str) -> bool {
        text.lines().any(|found| found == line)
    }

    #[test]
    fn a_service_of_the_machine_has_a_user_and_a_folder_of_its_own() {
        let text = unit(&args()).unwrap().text();
        for line in [
            "Type=exec",
            "ExecStart=\"/usr/local/bin/mikrodash\" \"serve\" \"--data\" \"/var/lib/mikrodash\"",
            "WorkingDirectory=/var/lib/mikrodash",
            "Restart=always",
            "User=mikrodash",
            "StateDirectory=mikrodash",
            "ProtectSystem=strict",
            "NoNewPrivileges=yes",
            "CapabilityBoundingSet=",
            "WantedBy=multi-user.target",
        ] {
            assert!(has(&text, line), "{line} is not in {text}");
        }
    }

    #[test]
    fn a_port_below_1024_is_the_one_thing_more() {
        let low = InstallArgs {
            address: Some(IpAddr::from([0, 0, 0, 0])),
            port: Some(80),
            ..args()
        };
        let text = unit(&low).unwrap().text();
        assert!(
            text.contains("\"--address\" \"0.0.0.0\" \"--port\" \"80\""),
            "{text}"
        );
        assert!(
            has(&text, "AmbientCapabilities=CAP_NET_BIND_SERVICE"),
            "{text}"
        );
        let own = InstallArgs { user: true, ..low };
        assert!(matches!(unit(&own), Err(ServiceError::LowPort(80))));
    }

    #[test]
    fn a_service_of_a_person_is_theirs() {
        let own = InstallArgs {
            user: true,
            data: Some(PathBuf::from("/home/mona/shop")),
            ..args()
        };
        let text = unit(&own).unwrap().text();
        assert!(has(&text, "WantedBy=default.target"), "{text}");
        for word in [
            "User=",
            "StateDirectory",
            "Protect",
            "Capabilit",
            "network-online",
        ] {
            assert!(!text.contains(word), "{word} is in {text}");
        }
    }

    #[test]
    fn a_folder_of_ones_own_needs_the_user_that_it_belongs_to() {
        let mut own = InstallArgs {
            data: Some(PathBuf::from("/srv/my \"shop\" 100% $HOME")),
            ..args()
        };
        assert!(matches!(unit(&own), Err(ServiceError::WhoseFolder)));
        own.run_as = Some("mona".to_owned());
        let text = unit(&own).unwrap().text();
        let quoted = r#""/srv/my \"shop\" 100%% $$HOME""#;
        assert!(text.contains(&format!("\"--data\" {quoted}")), "{text}");
        assert!(
            has(&text, r#"WorkingDirectory=/srv/my "shop" 100%% $HOME"#),
            "{text}"
        );
        assert!(
            has(&text, "User=mona") && !text.contains("StateDirectory"),
            "{text}"
        );
        own.data = Some(PathBuf::from("/srv/two\nUser=root"));
        assert!(matches!(unit(&own), Err(ServiceError::Name(_))));
        let home = Unit::of(&args(), PathBuf::from("/home/mona/mikrodash"));
        assert!(matches!(home, Err(ServiceError::InHome(_))));
    }

    /// A systemd of a test: it writes down what it is told, and refuses one word.
    fn systemd(folder: &Path, refuses: &'static str) -> (Systemd, Rc<RefCell<Vec<String>>>) {
        let told: Rc<RefCell<Vec<String>>> = Rc::default();
        let tell = Rc::clone(&told);
        fs::create_dir(folder.join("running")).unwrap();
        let systemd = Systemd {
            mark: folder.join("running"),
            units: folder.join("units"),
            users: folder.join("users"),
            control: Box::new(move |program, words| {
                tell.borrow_mut()
                    .push(format!("{program} {}", words.join(" ")));
                let is_refused = words.contains(&refuses);
                if is_refused {
                    Err("no\n".to_owned())
                } else {
                    Ok(())
                }
            }),
            is_user: false,
        };
        (systemd, told)
    }

    #[test]
    fn a_service_is_installed_and_taken_away_and_its_data_stays() {
        let folder = TempDir::new().unwrap();
        let data = folder.path().join("50% off");
        let own = InstallArgs {
            data: Some(data.clone()),
            run_as: Some("mona".to_owned()),
            ..args()
        };
        let unit = unit(&own).unwrap();
        let (systemd, told) = systemd(folder.path(), "nothing");
        assert!(matches!(
            systemd.install(&unit),
            Err(ServiceError::NoFolder(_))
        ));
        fs::create_dir(&data).unwrap();
        let file = systemd.install(&unit).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), unit.text());
        assert_eq!(
            told.take(),
            [
                "systemctl daemon-reload",
                "systemctl enable mikrodash.service",
                "systemctl restart mikrodash.service"
            ]
        );
        assert_eq!(systemd.uninstall().unwrap(), data.display().to_string());
        assert!(!file.exists() && data.is_dir());
        assert_eq!(
            told.take(),
            [
                "systemctl disable --now mikrodash.service",
                "systemctl daemon-reload"
            ]
        );
        assert!(matches!(
            systemd.uninstall(),
            Err(ServiceError::NotInstalled(_))
        ));
    }

    #[test]
    fn what_systemd_refuses_leaves_nothing_behind() {
        let folder = TempDir::new().unwrap();
        let own = unit(&args()).unwrap();
        let (refuses, told) = systemd(folder.path(), "restart");
        let refused = refuses.install(&own).unwrap_err().to_string();
        assert_eq!(refused, "systemctl restart mikrodash.service: no");
        assert!(!refuses.units.join(UNIT).exists());
        let users = folder.path().join("users/mikrodash.conf");
        assert_eq!(
            told.take()[0],
            format!("systemd-sysusers {}", users.display())
        );
        assert_eq!(fs::read_to_string(users).unwrap(), USER_LINE);
        fs::write(refuses.units.join(UNIT), "older").unwrap();
        refuses.install(&own).unwrap_err();
        assert_eq!(
            fs::read_to_string(refuses.units.join(UNIT)).unwrap(),
            "older"
        );
        fs::remove_dir(&refuses.mark).unwrap();
        assert!(matches!(
            refuses.install(&own),
            Err(ServiceError::NoSystemd)
        ));
    }
}
