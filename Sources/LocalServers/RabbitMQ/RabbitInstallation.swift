import Glibc

/// Debian's RabbitMQ, called so that nothing of the machine's own broker leaks in.
enum RabbitInstallation {
    /// The real scripts: the ones in `/usr/sbin` switch to the user and folder of the machine's broker.
    private static let scripts = "/usr/lib/rabbitmq/bin"

    static func check() throws {
        let programs = ["\(scripts)/rabbitmq-server", "\(scripts)/rabbitmqctl", "/usr/bin/epmd", "/usr/bin/erl_call"]
        for program in programs where access(program, X_OK) != 0 {
            throw LocalServerError(
                .missingProgram, subject: "RabbitMQ broker", problem: "\(program) is not there",
                remedy: "run `make deps`, or install the Debian package rabbitmq-server")
        }
    }

    static func brokerLaunch(for server: RabbitServer) -> Launch {
        launch(["\(scripts)/rabbitmq-server"], for: server)
    }

    /// The name service, in the foreground with an id of its own: the broker would start one that outlives it.
    static func nameServiceLaunch(for server: RabbitServer) -> Launch {
        launch(["epmd", "-port", "\(server.ports.nameService.port)", "-address", server.host], for: server)
    }

    /// A command-line tool of the broker's, as the broker's user.
    static func tool(_ name: String, _ arguments: [String], for server: RabbitServer) -> Command {
        command(["\(scripts)/\(name)", "--node", server.nodeName] + arguments, for: server)
    }

    /// Any command, as the broker's user and in its environment.
    static func command(
        _ arguments: [String], for server: RabbitServer, input: String = "", limit: Duration = .seconds(60)
    ) -> Command {
        Command(
            server.folder.account.prefix + arguments, environment: environment(for: server), folder: server.folder.path,
            input: input, limit: limit)
    }

    private static func launch(_ arguments: [String], for server: RabbitServer) -> Launch {
        Launch(
            arguments: server.folder.account.prefix + arguments, environment: environment(for: server),
            folder: server.folder.path, output: .file(server.logPath), errorOutput: .file(server.logPath))
    }

    private static func environment(for server: RabbitServer) -> [String: String] {
        let folder = server.folder
        return [
            "PATH": Account.searchPath,
            "LANG": "C.UTF-8",
            "HOME": folder.path,
            "RABBITMQ_NODENAME": server.nodeName,
            "RABBITMQ_CONFIG_FILE": folder.path(of: RabbitFiles.configuration),
            // Files that are not there, so that those under /etc/rabbitmq are not read.
            "RABBITMQ_CONF_ENV_FILE": folder.path(of: "no-environment"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": folder.path(of: "no-advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": folder.path(of: RabbitFiles.plugins),
            "RABBITMQ_MNESIA_BASE": folder.path(of: RabbitFiles.data),
            "RABBITMQ_LOG_BASE": folder.path(of: RabbitFiles.data),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": folder.path(of: "broker.pid"),
            // Makes the script become the virtual machine, so that the process id we hold is the broker's.
            "RUNNING_UNDER_SYSTEMD": "1",
            "RABBITMQ_DIST_PORT": "\(server.ports.distribution.port)",
            "RABBITMQ_CTL_DIST_PORT_MIN": "\(server.ports.tool.port)",
            "RABBITMQ_CTL_DIST_PORT_MAX": "\(server.ports.tool.port + 16)",
            "ERL_EPMD_PORT": "\(server.ports.nameService.port)",
            "ERL_EPMD_ADDRESS": server.host,
            // The address is an Erlang tuple; a space in it would end the argument. Schedulers that look for work while there is
            // none take the cores from the services beside them (RabbitMQ, "Runtime Tuning", busy waiting).
            "ERL_FLAGS":
                "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none",
        ]
    }
}
