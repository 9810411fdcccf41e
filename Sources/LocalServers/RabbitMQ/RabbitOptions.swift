/// How a private broker is set up.
package struct RabbitOptions: Sendable {
    /// Where its data lives, kept after the end; nil for a throw-away folder.
    package var folder: String?
    /// The AMQP port; nil for any free one.
    package var port: UInt16?
    /// Whether it also listens for TLS, with certificates made for the occasion.
    package var tls: TLS?
    /// Further lines of `rabbitmq.conf`, for instance `channel_max = 16`.
    package var configuration: [String] = []
    /// How long a start may take. A quiet machine needs 6 s, a busy one 15 s and more.
    package var startLimit: Duration = .seconds(120)

    package init() {}

    /// The TLS listener.
    package struct TLS: Sendable {
        /// Names and addresses the server certificate is good for.
        package var names = ["localhost", "127.0.0.1"]
        /// Whether a client must show a certificate of the same authority.
        package var requiresClientCertificate = false

        package init() {}
    }
}
