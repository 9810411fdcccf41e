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

    /// A folder for the socket whose name leaves room: the whole path may have 107 bytes (unix(7)).
    static func socketFolder(beside folder: ServerFolder, _ watchdog: Watchdog) throws -> String {
        if folder.path.utf8.count <= 80 {
            try folder.makeFolder("socket")
            return folder.path(of: "socket")
        }
        return try ServerFolder.temporary("socket", for: folder.account, under: "/tmp", removedBy: watchdog).path
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
