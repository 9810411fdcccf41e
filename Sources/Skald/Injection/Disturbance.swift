import Messaging

/// A copy of a message on its way out.
struct Outgoing: Sendable {
    let injection: Injection
    /// Whether another copy went out before it.
    let isAgain: Bool
}

/// Sends some messages twice and in another order, if that was asked for.
///
/// It works on windows of its own, whatever is due at once: at a slow pace that is one message, which has no order.
struct Disturbance: Sendable {
    /// How many messages change places with each other.
    static let windowCountMax = 64
    /// When no line comes for so long, a window of those that came goes out.
    static let pauseMax = Duration.milliseconds(100)

    let reorders: Bool
    private let duplicateShare: Double
    private var random: SplitMix64

    init(_ request: InjectionRequest, seed: UInt64) {
        reorders = request.reorders
        duplicateShare = request.duplicateShare
        random = SplitMix64(seed: seed)
    }

    /// The copies of a window in the order in which they go out.
    mutating func copies(of window: [Injection]) -> [Outgoing] {
        var copies = window
        for injection in window where random.happens(duplicateShare) { copies.append(injection) }
        if reorders { copies.shuffle(using: &random) }
        var seen: Set<UUIDv7> = []
        return copies.map { Outgoing(injection: $0, isAgain: !seen.insert($0.id).inserted) }
    }
}
