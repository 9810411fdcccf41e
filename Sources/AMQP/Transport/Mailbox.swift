import Telemetry

/// What callers hand to the link: encoded bytes, and commands that must be known before those bytes go out.
///
/// Callers encode on their own thread under one short lock. Only the first post after the link began to wait asks for its
/// turn, so a busy connection batches by itself, and a lone message goes out at once.
final class Mailbox: Sendable {
    /// What is inside, reached under the lock only.
    struct Contents: ~Copyable {
        var writer: FrameWriter
        var commands: [LinkCommand] = []
        /// Set by the link before it waits; whoever posts then has to wake it. While it connects it is asleep, too.
        fileprivate var isAsleep = true
        /// Asks for the link's turn; nil while it connects.
        fileprivate var ask: (@Sendable () -> Void)?
        /// Takes the link's turn at once, where the caller has its thread.
        fileprivate var flush: (@Sendable () -> Void)?
        fileprivate var closedBy: AMQPError?
    }

    /// Pulls a thread that connects out of its wait.
    let wake: WakeDescriptor
    private let contents: Lock<Contents>

    init(frameByteCountMax: Int) throws(AMQPError) {
        wake = try WakeDescriptor()
        contents = Lock(Contents(writer: FrameWriter(frameByteCountMax: frameByteCountMax)))
    }

    /// Lets the caller append, then wakes the link if it may be asleep.
    ///
    /// - Throws: what ended the link, or what `body` throws.
    func post(_ body: (inout Contents) throws(AMQPError) -> Void) throws(AMQPError) {
        let (wasAsleep, ask) = try contents.withLock {
            contents throws(AMQPError) -> (Bool, (@Sendable () -> Void)?) in
            if let error = contents.closedBy { throw error }
            try body(&contents)
            guard contents.isAsleep else { return (false, nil) }
            contents.isAsleep = false
            return (true, contents.ask)
        }
        guard wasAsleep else { return }
        if let ask { ask() } else { wake.signal() }
    }

    /// From now on posts ask for a turn instead of waking a thread that connects. The link is awake and takes one by itself.
    ///
    /// - Parameter flush: takes the turn itself, where the caller has the link's thread.
    func wakes(_ ask: @escaping @Sendable () -> Void, flush: (@Sendable () -> Void)? = nil) {
        contents.withLock { contents in
            contents.ask = ask
            contents.flush = flush
            contents.isAsleep = false
        }
    }

    /// Has what was posted written at once, where the caller runs on the link's thread.
    func flush() {
        contents.withLock { $0.flush }?()
    }

    /// What ended the link, if it has ended.
    var closedBy: AMQPError? { contents.withLock { $0.closedBy } }

    /// Posts a command alone.
    func post(_ command: LinkCommand) throws(AMQPError) {
        try post { contents throws(AMQPError) in contents.commands.append(command) }
    }

    /// Has the next post wake the link, which is about to wait.
    ///
    /// - Parameter ignoringBytes: whether posted bytes have to wait anyway, as the socket takes none.
    /// - Returns: false if something was posted meanwhile: then the link must not wait.
    func fallAsleep(ignoringBytes: Bool) -> Bool {
        contents.withLock { contents in
            guard contents.commands.isEmpty, ignoringBytes || contents.writer.output.isEmpty else { return false }
            contents.isAsleep = true
            return true
        }
    }

    /// Takes the commands. The link is awake.
    func takeCommands() -> [LinkCommand] {
        contents.withLock { contents in
            contents.isAsleep = false
            let commands = contents.commands
            contents.commands = []
            return commands
        }
    }

    /// Exchanges the caller's empty buffer for the posted bytes.
    func exchange(_ buffer: inout OutputBuffer) {
        contents.withLock { contents in
            if !contents.writer.output.isEmpty { swap(&contents.writer.output, &buffer) }
        }
    }

    /// Refuses everything from now on, and returns the commands nobody will perform.
    func close(_ error: AMQPError) -> [LinkCommand] {
        contents.withLock { contents in
            contents.closedBy = error
            contents.ask = nil
            contents.flush = nil
            let commands = contents.commands
            contents.commands = []
            return commands
        }
    }
}

/// What the link is asked to do besides writing.
enum LinkCommand: Sendable {
    /// Frames of this channel go to this handler.
    case attach(channel: UInt16, any ChannelHandler, ChannelFate)
    /// An answer is due on this channel.
    case expect(channel: UInt16, PendingCall)
    /// Let the handler of this channel look at its queue and its deadlines.
    case touch(channel: UInt16)
    /// The channel's owner is closing it: nothing more is delivered to it.
    case closing(channel: UInt16)
    /// End the connection for this reason.
    case shutdown(AMQPError)

    func isClosing(_ channel: UInt16) -> Bool {
        if case .closing(channel) = self { true } else { false }
    }
}

/// A request that waits for its answer. Answers come in the order of the requests on a channel.
struct PendingCall: Sendable {
    let method: OutboundMethod
    let deadline: UInt64
    let continuation: CheckedContinuation<InboundMethod, any Error>
}

/// What owns a channel. Every method runs on the connection's loop; none may block or resume a continuation while
/// it holds a lock.
protocol ChannelHandler: AnyObject, Sendable {
    /// `basic.ack`, `basic.nack`, `basic.cancel`, `channel.flow`.
    func received(_ method: InboundMethod)
    /// A whole returned message; it comes before its confirm.
    func returned(_ content: ContentAssembler.Content)
    /// The broker blocked or unblocked publishing.
    func blocked(_ isBlocked: Bool)
    /// Everything that had arrived has been read: hand it over, complete what is complete, post what is due.
    ///
    /// - Parameter deliveries: the messages that came since the last call, in order. Whoever takes them empties it.
    /// - Returns: when to be called again at the latest, in monotonic nanoseconds.
    func endOfBatch(_ deliveries: inout [ContentAssembler.Content], now: UInt64) -> UInt64
    /// The channel is gone, alone or with its link. Called once, the last call.
    func closed(_ error: AMQPError, withLink: Bool)
}
