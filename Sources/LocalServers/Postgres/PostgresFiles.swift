/// The files in a cluster's folder.
enum PostgresFiles {
    static let log = "cluster.log"
    static let data = "data"
    static let configuration = "postgresql.conf"
    static let access = "pg_hba.conf"

    /// The same again for a folder that was used before.
    static func password(in folder: ServerFolder) throws -> String {
        if let kept = folder.read("password"), !kept.isEmpty { return kept }
        let fresh = randomSecret()
        try folder.write("password", fresh)
        return fresh
    }

    /// A folder for the socket whose name leaves room and means itself: the whole path may have 107 bytes (unix(7)), and
    /// both the server's setting and the host of a connection are lists with commas (manual, section 20.3.1 and 34.1.1.3).
    static func socketFolder(beside folder: ServerFolder, _ watchdog: Watchdog) throws -> String {
        if folder.path.utf8.count <= 80, folder.path.utf8.allSatisfy(isPlain) {
            try folder.makeFolder("socket")
            return folder.path(of: "socket")
        }
        return try ServerFolder.temporary("socket", for: folder.account, under: "/tmp", removedBy: watchdog).path
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        return isLetter || "0123456789/._-".utf8.contains(byte)
    }

    static func writeConfiguration(of cluster: PostgresCluster, _ options: PostgresOptions, in folder: ServerFolder)
        throws
    {
        let lines = configurationLines(of: cluster) + options.configuration
        try folder.write(configuration, lines.joined(separator: "\n") + "\n")
        try folder.write(
            access,
            """
            local all all trust
            host all all 127.0.0.1/32 scram-sha-256
            local replication all trust

            """)
    }

    private static func configurationLines(of cluster: PostgresCluster) -> [String] {
        [
            "listen_addresses = '\(cluster.host)'",
            "port = \(cluster.port)",
            "unix_socket_directories = '\(cluster.socketFolder)'",
            "max_connections = 200",
            "shared_buffers = 128MB",
            // What a commit promises is what this project is about: never off, also in tests.
            "fsync = on",
            "synchronous_commit = on",
            "full_page_writes = on",
            "password_encryption = 'scram-sha-256'",
            "timezone = 'UTC'",
            "log_timezone = 'UTC'",
            "log_line_prefix = '%m [%p] %q%u@%d '",
            "logging_collector = off",
        ]
    }
}
