/// What a `FaultProxy` does to the bytes of one direction.
///
/// The parts combine: a slow link that is cut after a pattern is one value.
package struct Fault: Sendable, Equatable {
    /// Whether bytes move at all.
    package enum Flow: Sendable, Equatable {
        case pass
        /// Bytes wait on this side and go on when the fault ends: a network that is away and comes back.
        case hold
        /// Bytes, and the end of the stream, are taken and lost for ever: a half-open link.
        case swallow
    }

    /// An end that comes by itself, at an exact byte.
    package struct Cut: Sendable, Equatable {
        package enum Moment: Sendable, Equatable {
            /// After this many bytes, counted on each connection from when the fault was set. Zero cuts at once.
            case afterBytes(Int)
            /// After the last byte of the first place where these bytes passed.
            case afterPattern([UInt8])
        }

        package enum Manner: Sendable, Equatable {
            /// Both peers see the end of the stream.
            case close
            /// Both peers see a reset.
            case reset
        }

        package var moment: Moment
        package var manner: Manner
        /// Whether only the first connection that gets there is cut, so that a client can come back.
        package var isOnce = true
    }

    package var flow = Flow.pass
    /// How long each byte is on its way, at least.
    package var latency = Duration.zero
    /// Up to this much is added to the latency, drawn anew for each read. Order is kept.
    package var jitter = Duration.zero
    /// The most bytes one write may hold.
    package var sliceByteCountMax: Int?
    package var bytesPerSecondMax: Int?
    package var cut: Cut?
    /// Whether the end of the stream waits on this side, until another fault is set, while the bytes before it pass.
    package var holdsEnd = false

    package init() {}

    package static let pass = Fault()

    package static let hold = with { $0.flow = .hold }

    package static let swallow = with { $0.flow = .swallow }

    package static let holdEnd = with { $0.holdsEnd = true }

    package static func delay(_ latency: Duration, jitter: Duration = .zero) -> Fault {
        with {
            $0.latency = latency
            $0.jitter = jitter
        }
    }

    /// Every write holds at most `byteCount` bytes.
    package static func sliced(into byteCount: Int = 1) -> Fault { with { $0.sliceByteCountMax = byteCount } }

    package static func limited(bytesPerSecond: Int) -> Fault { with { $0.bytesPerSecondMax = bytesPerSecond } }

    /// Everything up to the moment reaches the other side, nothing after it.
    package static func cut(_ moment: Cut.Moment, _ manner: Cut.Manner = .close, once: Bool = true) -> Fault {
        with { $0.cut = Cut(moment: moment, manner: manner, isOnce: once) }
    }

    private static func with(_ change: (inout Fault) -> Void) -> Fault {
        var fault = Fault()
        change(&fault)
        return fault
    }
}
