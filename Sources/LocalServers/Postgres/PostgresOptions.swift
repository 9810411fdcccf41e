/// How a private Postgres cluster is set up.
package struct PostgresOptions: Sendable {
    /// Where its data lives, kept after the end; nil for a throw-away folder.
    package var folder: String?
    /// The TCP port on 127.0.0.1, also part of the socket's name; nil for any free one.
    package var port: UInt16?
    /// Further lines of `postgresql.conf`, for instance `log_statement = 'all'`.
    package var configuration: [String] = []
    /// How long a start may take, recovery after a crash included.
    package var startLimit: Duration = .seconds(60)

    package init() {}
}
