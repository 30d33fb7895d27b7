import Foundation

/// The systemd unit of a runner.
enum RunnerUnit {
    /// Where systemd looks for units of the administrator's.
    static let path = "/etc/systemd/system/pawl-runner.service"

    /// The unit's text, for a program and a settings file.
    static func text(program: String, config: String) -> String {
        """
        # systemd unit of a runner on a machine of its own. pawl runner join writes it.
        [Unit]
        Description=Pawl runner
        After=network-online.target docker.service
        Wants=network-online.target docker.service

        [Service]
        ExecStart=\(program) runner start --config \(config)
        # A new process with the program and settings that are on disk then; jobs go on.
        ExecReload=/bin/kill -HUP $MAINPID
        # One that was drained or removed, or has had its one job, ends well and stays so.
        Restart=on-failure
        RestartSec=1
        # The first SIGTERM lets running jobs go on for runner.grace.
        TimeoutStopSec=10min
        KillMode=mixed
        # Root puts the fence around job networks up and removes what jobs leave as root.
        User=root
        NoNewPrivileges=no
        ProtectSystem=full
        ProtectHome=read-only
        PrivateTmp=no
        UMask=0077

        [Install]
        WantedBy=multi-user.target

        """
    }

    /// Whether this machine runs systemd, and this process may add to it.
    static var canBeInstalled: Bool {
        geteuid() == 0 && access("/run/systemd/system", F_OK) == 0 && access("/etc/systemd/system", W_OK) == 0
    }
}
