/// The version of a RabbitMQ, as far as it changes what may be declared.
public struct BrokerVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let major: Int
    public let minor: Int

    public init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Reads `3.10.8` or `4.1.0-rc.1`; nil if it does not start with two numbers.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 2)
        guard parts.count >= 2, let major = Int(parts[0]), let minor = Int(parts[1].prefix { $0.isNumber })
        else { return nil }
        self.init(major: major, minor: minor)
    }

    /// The oldest that has what the contract needs: dead letters at least once and a time to live on quorum queues.
    public static let oldestSupported = BrokerVersion(major: 3, minor: 10)

    /// Whether quorum queues have a delivery limit unless told otherwise.
    var limitsDeliveriesByDefault: Bool { self >= BrokerVersion(major: 4, minor: 0) }

    public static func < (left: BrokerVersion, right: BrokerVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    public var description: String { "\(major).\(minor)" }
}
