/// When to send a sign of life, and when the other side has been silent for too long (RabbitMQ, "Heartbeats").
///
/// A value without a clock. One is sent when nothing went out for half an interval; two silent intervals mean death.
struct HeartbeatMachine {
    enum Action: Equatable {
        case none
        case send
        case dead
    }

    /// Nanoseconds; 0 is off.
    private let interval: UInt64
    private var lastSent: UInt64
    private var lastReceived: UInt64

    init(interval: UInt64, now: UInt64) {
        self.interval = interval
        lastSent = now
        lastReceived = now
    }

    mutating func sent(_ now: UInt64) { lastSent = now }
    mutating func received(_ now: UInt64) { lastReceived = now }

    /// When `check` has something to say next.
    var nextTimer: UInt64 {
        interval == 0 ? .max : min(lastSent + interval / 2, lastReceived + interval * 2)
    }

    /// Whether the other side has been silent for too long.
    func isDead(_ now: UInt64) -> Bool {
        interval > 0 && now >= lastReceived + interval * 2
    }

    mutating func check(_ now: UInt64) -> Action {
        guard interval > 0 else { return .none }
        if isDead(now) { return .dead }
        guard now >= lastSent + interval / 2 else { return .none }
        lastSent = now
        return .send
    }
}
