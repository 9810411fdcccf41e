/// The files in a broker's folder.
enum RabbitFiles {
    static let log = "broker.log"
    static let data = "data"
    static let configuration = "rabbitmq.conf"
    static let plugins = "enabled_plugins"
    /// Read by Erlang from `$HOME`; the broker and its tools must show the same.
    static let cookie = ".erlang.cookie"

    /// What a broker is called and how one logs in: the same again for a folder that was used before.
    struct Identity {
        var nodeName: String
        var password: String
    }

    static func identity(in folder: ServerFolder) throws -> Identity {
        // The data on disk belongs to the node name it was made under.
        let node = try keptOrWritten("node-name", "skald-\(ServerFolder.randomName())", in: folder)
        let password = try keptOrWritten("password", randomSecret(), in: folder)
        // Erlang refuses a cookie that anybody but its owner can read.
        if folder.read(cookie) == nil { try folder.write(cookie, randomSecret(), mode: 0o400) }
        return Identity(nodeName: "\(node)@localhost", password: password)
    }

    static func writeConfiguration(of server: RabbitServer, _ options: RabbitOptions, in folder: ServerFolder) throws {
        let lines = configurationLines(of: server, options)
        try folder.write(configuration, lines.joined(separator: "\n") + "\n")
        // Without a file of our own Debian's list would be used.
        try folder.write(plugins, "[].\n")
        try folder.makeFolder(data)
    }

    private static func configurationLines(of server: RabbitServer, _ options: RabbitOptions) -> [String] {
        [
            "listeners.tcp.1 = \(server.host):\(server.port)",
            "default_user = \(server.user)",
            "default_pass = \(server.password)",
            "log.console = true",
            "log.console.level = info",
        ] + (server.tls?.configuration(host: server.host) ?? []) + options.configuration
    }

    private static func keptOrWritten(_ name: String, _ fresh: String, in folder: ServerFolder) throws -> String {
        if let kept = folder.read(name), !kept.isEmpty { return kept }
        try folder.write(name, fresh)
        return fresh
    }

    /// The lines that tell why a boot failed: those around the last `BOOT FAILED`, for crash reports bury it; otherwise
    /// the last lines there are.
    static func reason(inLog log: String) -> String {
        let lines = log.split(separator: "\n")
        guard let failure = lines.lastIndex(of: "BOOT FAILED") else { return lines.suffix(12).joined(separator: "\n") }
        return lines[max(0, failure - 8)..<min(lines.count, failure + 8)].joined(separator: "\n")
    }
}
