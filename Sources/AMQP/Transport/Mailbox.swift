import Telemetry

/// What callers hand to the I/O thread: encoded bytes, and commands that must be known before those bytes go out.
///
/// Callers encode on their own thread under one short lock. Only the first post after the thread began to wait wakes it, so
/// a busy connection batches by itself, a lone message goes out at once, and what the thread posts itself costs no wake-up.
final class Mailbox: Sendable {
    /// What is inside, reached under the lock only.
    struct Contents: ~Copyable {
        var writer: FrameWriter
        var commands: [LinkCommand] = []
        /// Set by the thread before it waits; whoever posts then has to wake it. A thread that connects is asleep, too.
        fileprivate var isAsleep = true
        fileprivate var closedBy: AMQPError?
    }

    let wake: WakeDescriptor
    private let contents: Lock<Contents>

    init(frameByteCountMax: Int) throws(AMQPError) {
        wake = try WakeDescriptor()
        contents = Lock(Contents(writer: FrameWriter(frameByteCountMax: frameByteCountMax)))
    }

    /// Lets the caller append, then wakes the thread if it may be asleep.
    ///
    /// - Throws: what ended the link, or what `body` throws.
    func post(_ body: (inout Contents) throws(AMQPError) -> Void) throws(AMQPError) {
        let wasAsleep = try contents.withLock { contents throws(AMQPError) -> Bool in
            if let error = contents.closedBy { throw error }
            try body(&contents)
            defer { contents.isAsleep = false }
            return contents.isAsleep
        }
        if wasAsleep { wake.signal() }
    }

    /// What ended the link, if it has ended.
    var closedBy: AMQPError? { contents.withLock { $0.closedBy } }

    /// Posts a command alone.
    func post(_ command: LinkCommand) throws(AMQPError) {
        try post { contents throws(AMQPError) in contents.commands.append(command) }
    }

    /// Has the next post wake the thread, which is about to wait.
    ///
    /// - Parameter ignoringBytes: whether posted bytes have to wait anyway, as the socket takes none.
    /// - Returns: false if something was posted meanwhile: then the thread must not wait.
    func fallAsleep(ignoringBytes: Bool) -> Bool {
        contents.withLock { contents in
            guard contents.commands.isEmpty, ignoringBytes || contents.writer.output.isEmpty else { return false }
            contents.isAsleep = true
            return true
        }
    }

    /// Takes the commands. The thread is awake.
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
            let commands = contents.commands
            contents.commands = []
            return commands
        }
    }
}

/// What the I/O thread is asked to do besides writing.
enum LinkCommand: Sendable {
    /// Frames of this channel go to this handler.
    case attach(channel: UInt16, any ChannelHandler)
    /// An answer is due on this channel.
    case expect(channel: UInt16, PendingCall)
    /// Let the handler of this channel look at its queue and its deadlines.
    case touch(channel: UInt16)
    /// The channel's owner is closing it: nothing more is delivered to it.
    case closing(channel: UInt16)
    /// End the connection for this reason.
    case shutdown(AMQPError)
}

/// A request that waits for its answer. Answers come in the order of the requests on a channel.
struct PendingCall: Sendable {
    let method: OutboundMethod
    let deadline: UInt64
    let continuation: CheckedContinuation<InboundMethod, any Error>
}

/// What owns a channel. Every method runs on the connection's I/O thread; none may block or resume a continuation while
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
    /// The channel is gone, alone or with its connection. Called once, the last call.
    func closed(_ error: AMQPError)
}
