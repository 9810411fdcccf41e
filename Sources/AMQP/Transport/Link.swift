import Synchronization
import Telemetry

/// One incarnation of a connection: from login until its socket ends, it never comes back.
///
/// The bytes are moved on its connection's loop (`LinkShell`); this is the handle others post through.
final class Link: Sendable {
    let mailbox: Mailbox
    let agreement: LoginMachine.Agreement
    /// Which login of its connection this is, from 1.
    let generation: UInt64
    private let numbers: ChannelNumberPool
    private let requestTimeout: Duration

    init(
        mailbox: Mailbox, numbers: ChannelNumberPool, agreement: LoginMachine.Agreement, generation: UInt64,
        requestTimeout: Duration
    ) {
        self.mailbox = mailbox
        self.numbers = numbers
        self.agreement = agreement
        self.generation = generation
        self.requestTimeout = requestTimeout
    }

    /// Opens a channel whose frames go to the handler.
    func openChannel(_ handler: any ChannelHandler) async throws(AMQPError) -> Channel {
        guard let number = numbers.take(max: agreement.channelMax) else {
            throw AMQPError(.invalidArgument, "all \(agreement.channelMax) channels of this connection are in use")
        }
        let channel = Channel(number: number, link: self)
        _ = try await call(.channelOpen, on: number, channel.fate, attaching: handler)
        return channel
    }

    /// Sends a method and waits for its answer.
    ///
    /// - Parameters:
    ///   - fate: of the channel; nil for the connection's own.
    ///   - limit: how long to wait, where that is less than the request timeout.
    /// - Throws: `channelClosed` where the channel is gone, the broker's refusal, `timedOut` after the request timeout, or
    ///   what ended the link.
    func call(
        _ method: OutboundMethod, on channel: UInt16, _ fate: ChannelFate? = nil,
        attaching handler: (any ChannelHandler)? = nil, isClosing: Bool = false, within limit: Duration? = nil
    ) async throws(AMQPError) -> InboundMethod {
        let timeout = min(requestTimeout, max(limit ?? requestTimeout, .zero))
        let deadline = MonotonicClock.now() + timeout.nanoseconds
        do {
            return try await withCheckedThrowingContinuation { continuation in
                let pending = PendingCall(method: method, deadline: deadline, continuation: continuation)
                do {
                    try mailbox.post { contents throws(AMQPError) in
                        // Behind a close, ours or our answer to the broker's, it would cost the connection, or be for the
                        // number's next owner.
                        if let fate, fate.isSealed { throw AMQPError(.channelClosed, "the channel is closed") }
                        try contents.writer.write(method, on: channel)
                        if let handler, let fate {
                            contents.commands.append(.attach(channel: channel, handler, fate))
                        }
                        if isClosing {
                            // Nothing goes out behind it: that would cost the connection, too.
                            fate?.seal()
                            contents.commands.append(.closing(channel: channel))
                        }
                        contents.commands.append(.expect(channel: channel, pending))
                    }
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        } catch let error as AMQPError {
            throw error
        } catch {
            throw AMQPError(.connectionClosed, "the request failed", cause: error)
        }
    }

    /// Ends the link without a word to the broker.
    func shutdown(_ error: AMQPError) {
        // A link that has ended already refuses the post, which is what was wanted.
        try? mailbox.post(.shutdown(error))
    }
}

/// One channel of a link.
struct Channel: Sendable {
    let number: UInt16
    let link: Link
    let fate = ChannelFate()

    func call(_ method: OutboundMethod, within limit: Duration? = nil) async throws(AMQPError) -> InboundMethod {
        try await link.call(method, on: number, fate, within: limit)
    }

    /// Lets the handler look at its queue on the I/O thread.
    func touch() {
        try? link.mailbox.post(.touch(channel: number))
    }

    /// Has what was posted written at once, where the caller runs on the connection's thread.
    func flush() {
        link.mailbox.flush()
    }

    /// How long a broker that no longer answers is waited for when something ends in order.
    static let goodbyeLimit = Duration.seconds(5)

    /// Closes the channel in order. One that is gone already stays gone.
    func close(within limit: Duration = goodbyeLimit) async {
        let method = OutboundMethod.channelClose(code: 200, text: "closed by its owner")
        _ = try? await link.call(method, on: number, fate, isClosing: true, within: limit)
    }
}

/// Whether a channel is gone, as everybody has to know who may still write on its number.
///
/// The I/O thread seals it before it answers the broker's close, and its owner when it closes. Whoever calls or publishes looks
/// while it holds the mailbox, so that nothing goes out behind either; a consumer has given its channel up before that.
final class ChannelFate: Sendable {
    private let sealed = Atomic(false)

    var isSealed: Bool { sealed.load(ordering: .acquiring) }

    func seal() { sealed.store(true, ordering: .releasing) }
}

/// The channel numbers of one link that are free. The I/O thread gives a number back once both sides have closed it.
final class ChannelNumberPool: Sendable {
    private struct Numbers {
        var next: UInt16 = 1
        var free: [UInt16] = []
    }

    private let numbers = Lock(Numbers())

    /// A free number, nil where all up to `max` are in use.
    func take(max: UInt16) -> UInt16? {
        numbers.withLock { numbers in
            if let number = numbers.free.popLast() { return number }
            guard numbers.next <= max, numbers.next > 0 else { return nil }
            defer { numbers.next &+= 1 }
            return numbers.next
        }
    }

    func giveBack(_ number: UInt16) {
        numbers.withLock { $0.free.append(number) }
    }
}
