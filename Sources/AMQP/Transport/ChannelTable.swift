/// The channels of one link as its I/O thread sees them: who handles each, what it waits for, what is due.
struct ChannelTable {
    /// One channel. A class, for its assembler is changed in place on every frame.
    ///
    /// Only the link's thread reaches it, and nothing it calls comes back: exclusive access needs no check on every frame.
    private final class Entry {
        let handler: (any ChannelHandler)?
        let fate: ChannelFate?
        @exclusivity(unchecked) var assembler: ContentAssembler
        var calls: [PendingCall] = []
        /// Whole messages that have not been passed on.
        @exclusivity(unchecked) var deliveries: [ContentAssembler.Content] = []
        /// Where what came since they were is decoded.
        var currentArena: ContentArena?
        /// Its owner is closing it, or an answer is overdue: only `close-ok` is of interest.
        var isClosing = false
        var isDirty = false
        var wakeAt = UInt64.max
        @exclusivity(unchecked) private var lastCount = 0
        private static let reservedCountMax = 256

        init(_ handler: (any ChannelHandler)?, _ fate: ChannelFate?, bodyByteCountMax: Int) {
            self.handler = handler
            self.fate = fate
            unsafe assembler = ContentAssembler(bodyByteCountMax: bodyByteCountMax)
        }

        var arena: ContentArena {
            if let currentArena { return currentArena }
            let arena = ContentArena()
            currentArena = arena
            return arena
        }

        /// When the first answer is overdue. Whoever came later may wait less long.
        var nextDeadline: UInt64 { calls.map(\.deadline).min() ?? .max }

        /// Adds a frame to the content it belongs to. Returns the content once it is whole.
        func assemble(_ frame: ContentFrame) throws(AMQPError) -> ContentAssembler.Content? {
            switch unsafe frame {
            case .delivery(let arguments): try unsafe assembler.begin(arena.delivery(arguments))
            case .returned(let arguments): try unsafe assembler.begin(arena.returned(arguments))
            case .header(let bodyByteCount, let list):
                return try unsafe assembler.header(bodyByteCount: bodyByteCount, properties: list)
            case .body(let bytes): return try unsafe assembler.body(bytes)
            }
            return nil
        }

        /// Lets the handler have what came.
        func handOver(now: UInt64) {
            unsafe lastCount = deliveries.count
            wakeAt = unsafe handler?.endOfBatch(&deliveries, now: now) ?? .max
            currentArena = nil
        }

        func append(_ content: consuming ContentAssembler.Content) {
            // Batches are about as large as the one before.
            if unsafe deliveries.isEmpty { unsafe deliveries.reserveCapacity(min(lastCount, Self.reservedCountMax)) }
            unsafe deliveries.append(content)
        }
    }

    private let bodyByteCountMax: Int
    private let numbers: ChannelNumberPool
    private var entries: [UInt16: Entry] = [:]
    private var dirty: [Entry] = []
    private var isBlocked = false
    /// The last channel a frame came for, as they come in runs.
    private var recent: (number: UInt16, entry: Entry)?
    /// When the next call or handler is due, in monotonic nanoseconds.
    private(set) var nextTimer = UInt64.max

    init(bodyByteCountMax: Int, numbers: ChannelNumberPool) {
        self.bodyByteCountMax = bodyByteCountMax
        self.numbers = numbers
        entries[0] = Entry(nil, nil, bodyByteCountMax: 0)
    }

    // MARK: Commands

    mutating func perform(_ command: LinkCommand) {
        switch command {
        case .attach(let channel, let handler, let fate):
            let entry = Entry(handler, fate, bodyByteCountMax: bodyByteCountMax)
            entries[channel] = entry
            recent = nil
            if isBlocked { handler.blocked(true) }
        case .expect(let channel, let call):
            // A late answer to another request would be taken for its own.
            guard let entry = entries[channel], !entry.isClosing || call.method.isChannelClose else {
                return call.continuation.resume(throwing: AMQPError(.channelClosed, "the channel is closed"))
            }
            entry.calls.append(call)
            nextTimer = min(nextTimer, call.deadline)
        case .touch(let channel):
            if let entry = entries[channel] { markDirty(entry) }
        case .closing(let channel):
            entries[channel]?.isClosing = true
        case .shutdown:
            break
        }
    }

    /// A command that came too late.
    func refuse(_ command: LinkCommand, _ error: AMQPError) {
        switch command {
        case .attach(_, let handler, _): handler.closed(error, withLink: true)
        case .expect(_, let call): call.continuation.resume(throwing: error)
        case .touch, .closing, .shutdown: break
        }
    }

    // MARK: Frames

    mutating func handle(_ frame: ContentFrame, on channel: UInt16) throws(AMQPError) {
        // A channel we have given up may still have frames under way.
        guard let (_, entry) = takeRecent(channel) else { return }
        defer { recent = (channel, entry) }
        if let content = try unsafe entry.assemble(frame) { pass(content, to: entry) }
    }

    mutating func handle(_ method: InboundMethod, on channel: UInt16, _ mailbox: Mailbox) throws(AMQPError) {
        guard let entry = entry(channel) else { return }
        switch method {
        case .channelClose(let code, let text):
            // Its owner hears of it first: anything that it wrote behind our answer would cost the whole connection. The
            // number is free only behind the answer, too.
            var isCrossing = entry.isClosing
            end(channel, AMQPError.fromBroker(replyCode: code, text: text, on: .channel), withLink: false)
            try mailbox.post { contents throws(AMQPError) in
                // One that was posted since this turn looked; none comes behind it.
                isCrossing = isCrossing || contents.commands.contains { $0.isClosing(channel) }
                try contents.writer.write(.channelCloseOK, on: channel)
            }
            // Where our own close is under way its answer comes still: the number's next owner would take it for his.
            if isCrossing { awaitClose(of: channel, after: entry) } else { numbers.giveBack(channel) }
        case .channelCloseOK:
            // The owner hears of it last: the number is free again once it knows.
            let closing = entry.calls.popLast()
            remove(channel, AMQPError(.closed, "the channel was closed by its owner"), withLink: false)
            closing?.continuation.resume(returning: method)
        case .channelFlow(let active):
            // RabbitMQ has not sent it since 2.x; other brokers may.
            try mailbox.post { contents throws(AMQPError) in
                try contents.writer.write(.channelFlowOK(active: active), on: channel)
            }
            entry.handler?.received(method)
            markDirty(entry)
        default:
            try unsafe entry.assembler.requireIdle()
            if method.isAnswer {
                // What the broker sent before its answer is known before it: a cancelled consumer has all it will get.
                if unsafe !entry.deliveries.isEmpty { entry.handOver(now: MonotonicClock.now()) }
                answer(method, on: channel)
            } else if !entry.isClosing {
                entry.handler?.received(method)
                markDirty(entry)
            }
        }
    }

    private mutating func pass(_ content: consuming ContentAssembler.Content, to entry: Entry) {
        guard !entry.isClosing else {
            // Nobody takes a batch any more that would end it.
            entry.currentArena = nil
            return
        }
        if content.head.deliveryTag != nil {
            entry.append(content)
        } else {
            entry.handler?.returned(content)
        }
        markDirty(entry)
    }

    /// The first request of the channel has its answer.
    mutating func answer(_ method: InboundMethod, on channel: UInt16) {
        firstCall(on: channel)?.continuation.resume(returning: method)
    }

    private func firstCall(on channel: UInt16) -> PendingCall? {
        guard let entry = entries[channel], !entry.calls.isEmpty else { return nil }
        return entry.calls.removeFirst()
    }

    /// Moved out and in again by every frame, which costs less than a reference of its own.
    private mutating func takeRecent(_ channel: UInt16) -> (number: UInt16, entry: Entry)? {
        if let recent = recent.take(), recent.number == channel { return recent }
        guard let entry = entries[channel] else { return nil }
        return (channel, entry)
    }

    private mutating func entry(_ channel: UInt16) -> Entry? {
        if let recent, recent.number == channel { return recent.entry }
        guard let entry = entries[channel] else { return nil }
        recent = (channel, entry)
        return entry
    }

    // MARK: The broker's state

    mutating func setBlocked(_ blocked: Bool) {
        isBlocked = blocked
        for entry in entries.values {
            entry.handler?.blocked(blocked)
            markDirty(entry)
        }
    }

    // MARK: Time

    /// Calls the handlers for which something arrived or is due.
    mutating func endBatch(now: UInt64) {
        if now >= nextTimer {
            for entry in entries.values where entry.wakeAt <= now { markDirty(entry) }
        }
        for entry in dirty {
            entry.isDirty = false
            entry.handOver(now: now)
        }
        if now >= nextTimer {
            nextTimer = entries.values.map { min($0.wakeAt, $0.nextDeadline) }.min() ?? .max
        } else {
            for entry in dirty { nextTimer = min(nextTimer, entry.wakeAt) }
        }
        dirty.removeAll(keepingCapacity: true)
    }

    /// Whether an answer is overdue.
    func hasOverdueCall(_ now: UInt64) -> Bool {
        now >= nextTimer && entries.values.contains { $0.nextDeadline <= now }
    }

    /// Requests whose answer is overdue. Their channels are given up, for a late answer would be taken for another's.
    ///
    /// - Returns: the channels to close.
    mutating func expireCalls(_ now: UInt64) -> [UInt16] {
        guard now >= nextTimer else { return [] }
        var expired: [UInt16] = []
        for (channel, entry) in entries {
            guard let call = entry.calls.first(where: { $0.deadline <= now }) else { continue }
            let error = AMQPError(.timedOut, "the broker did not answer \(call.method.name) within the request timeout")
            // A channel that is being closed already keeps its number until the broker answers.
            if channel != 0, !entry.isClosing {
                giveUp(channel, entry, error)
                expired.append(channel)
            }
            let calls = entry.calls
            entry.calls = []
            for call in calls { call.continuation.resume(throwing: error) }
        }
        return expired
    }

    private mutating func giveUp(_ channel: UInt16, _ entry: Entry, _ error: AMQPError) {
        entry.isClosing = true
        // Before anybody hears of it: a second close would cost the connection.
        entry.fate?.seal()
        dirty.removeAll { $0 === entry }
        entry.handler?.closed(error, withLink: false)
        awaitClose(of: channel, after: entry)
    }

    /// Nobody owns the channel any more; its number is free once the broker says that it has closed it. The message that is
    /// under way on it comes to its end.
    private mutating func awaitClose(of channel: UInt16, after last: Entry) {
        let entry = Entry(nil, nil, bodyByteCountMax: bodyByteCountMax)
        unsafe entry.assembler = last.assembler
        entry.isClosing = true
        entries[channel] = entry
        recent = nil
    }

    // MARK: Ends

    mutating func endAll(_ error: AMQPError) {
        for channel in Array(entries.keys) { remove(channel, error, withLink: true) }
        dirty = []
    }

    private mutating func remove(_ channel: UInt16, _ error: AMQPError, withLink: Bool) {
        end(channel, error, withLink: withLink)
        if channel != 0 { numbers.giveBack(channel) }
    }

    /// Tells the owner of a channel and forgets it.
    private mutating func end(_ channel: UInt16, _ error: AMQPError, withLink: Bool) {
        guard let entry = entries.removeValue(forKey: channel) else { return }
        recent = nil
        // What has not been handed over is the broker's again.
        dirty.removeAll { $0 === entry }
        entry.fate?.seal()
        // Before those who wait: whoever then opens another channel would be told of the end of that one.
        entry.handler?.closed(error, withLink: withLink)
        for call in entry.calls { call.continuation.resume(throwing: error) }
        entry.calls = []
    }

    private mutating func markDirty(_ entry: Entry) {
        guard !entry.isDirty else { return }
        entry.isDirty = true
        dirty.append(entry)
    }
}
