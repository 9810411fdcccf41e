/// How a participant is, with reasons.
public struct HealthReport: Sendable, Hashable {
    /// One thing that was looked at.
    public struct Check: Sendable, Hashable {
        public let name: String
        public let isOK: Bool
        /// What is wrong, or what holds it.
        public let reason: String?
    }

    public let checks: [Check]

    /// The process itself goes on. It says nothing of broker or database: an outage must not become a storm of restarts.
    public let isLive: Bool

    /// Messages are being worked on.
    public var isReady: Bool { checks.allSatisfy(\.isOK) }
}
