import Glibc
import Telemetry

/// The bytes of one link, with librabbitmq as the codec: what happens between two waits. One thread at a time.
struct LinkCore: ~Copyable {
    /// What a turn wants known outside.
    enum Report {
        case opened(LoginMachine.Agreement)
        case blocked(reason: String)
        case unblocked
    }

    private let settings: LinkSettings
    private let mailbox: Mailbox
    private let metrics: ConnectionMetrics
    private var transport: Transport?
    private var input: InputBuffer
    private var output = OutputBuffer()
    /// Something is left that the socket does not take.
    private(set) var isWriteBlocked = false
    /// Nothing was posted that this turn has not seen.
    private(set) var mayWait = true
    private var decoder = FrameDecoder()
    private var login: LoginMachine?
    private var channels: ChannelTable
    private var heartbeat = HeartbeatMachine(interval: 0, now: 0)
    private var loginDeadline: UInt64 = 0
    /// Several frames of one turn may each have something to report.
    private var reports: [Report] = []

    /// How often a turn looks whether more was posted before it lets others have the thread.
    private static let lookCountMax = 4
    /// How often a turn reads before it calls an answer overdue.
    private static let lateReadCountMax = 64

    init(settings: LinkSettings, mailbox: Mailbox, numbers: ChannelNumberPool, metrics: ConnectionMetrics) {
        self.settings = settings
        self.mailbox = mailbox
        self.metrics = metrics
        input = InputBuffer(frameByteCountMax: Int(settings.wish.frameMax))
        channels = ChannelTable(bodyByteCountMax: settings.bodyByteCountMax, numbers: numbers)
    }

    /// Resolves, connects, and begins the login.
    mutating func connect() throws(AMQPError) {
        loginDeadline = MonotonicClock.now() + settings.connectTimeout.nanoseconds
        let transport = try Transport(
            to: settings.host, tls: settings.tls, deadline: loginDeadline, wake: mailbox.wake.descriptor)
        self.transport = consume transport
        login = LoginMachine(settings.wish)
        try mailbox.post { contents throws(AMQPError) in contents.writer.writeProtocolHeader() }
    }

    /// The socket, from `connect` to `end`.
    var descriptor: Int32 {
        switch transport {
        case .some(let transport): transport.descriptor
        case .none: preconditionFailure("a link has a socket once it has connected")
        }
    }

    /// The transport may hold input that its socket does not show.
    var mayHoldMore: Bool { input.mayHoldMore }

    /// When it wants another turn at the latest, in monotonic nanoseconds.
    var nextTimer: UInt64 {
        let timer = min(channels.nextTimer, heartbeat.nextTimer)
        return login == nil ? timer : min(timer, loginDeadline)
    }

    /// Does what there is to do.
    ///
    /// - Throws: what ended the link.
    mutating func turn(isReadable: Bool, now: UInt64 = MonotonicClock.now()) throws(AMQPError) -> [Report] {
        reports.removeAll(keepingCapacity: true)
        // What was posted may concern what has come.
        try performCommands()
        if isReadable { _ = try read(now) }
        try readLate(now)
        try checkDeadlines(now)
        for _ in 0..<Self.lookCountMax {
            try performCommands()
            channels.endBatch(now: now)
            do throws(AMQPError) {
                try write()
            } catch {
                try hearLastWords(now)
                throw error
            }
            mayWait = mailbox.fallAsleep(ignoringBytes: isWriteBlocked)
            if mayWait { break }
        }
        return reports
    }

    /// Everybody who waits is told.
    mutating func end(_ error: AMQPError) {
        for command in mailbox.close(error) { channels.refuse(command, error) }
        channels.endAll(error)
        transport = nil
    }

    // MARK: Deadlines

    /// After a pause of this process what the broker said meanwhile is in the socket still: it is read before anything is
    /// called overdue.
    private mutating func readLate(_ now: UInt64) throws(AMQPError) {
        for _ in 0..<Self.lateReadCountMax {
            let isLoginOverdue = login != nil && now >= loginDeadline
            guard isLoginOverdue || heartbeat.isDead(now) || channels.hasOverdueCall(now) else { return }
            guard try read(now) else { return }
        }
    }

    private mutating func checkDeadlines(_ now: UInt64) throws(AMQPError) {
        if login != nil, now >= loginDeadline {
            throw AMQPError(
                .timedOut, "the broker at \(settings.host) did not finish the login within the connect timeout")
        }
        switch heartbeat.check(now) {
        case .none: break
        case .send:
            try mailbox.post { contents throws(AMQPError) in contents.writer.writeHeartbeat() }
        case .dead:
            metrics.heartbeatsLost.add(1)
            throw AMQPError(
                .heartbeatLost, "nothing was heard from the broker at \(settings.host) for two heartbeat intervals")
        }
        for expired in channels.expireCalls(now) {
            try mailbox.post { contents throws(AMQPError) in
                // Its owner may just have posted one.
                guard !contents.commands.contains(where: { $0.isClosing(expired) }) else { return }
                try contents.writer.write(.channelClose(code: 200, text: "no answer in time"), on: expired)
            }
        }
    }

    // MARK: Commands

    private mutating func performCommands() throws(AMQPError) {
        var shutdown: AMQPError?
        for command in mailbox.takeCommands() {
            if let shutdown {
                channels.refuse(command, shutdown)
            } else if case .shutdown(let error) = command {
                shutdown = error
            } else {
                channels.perform(command)
            }
        }
        if let shutdown { throw shutdown }
    }

    // MARK: Writing

    private mutating func write() throws(AMQPError) {
        while true {
            if output.isEmpty { mailbox.exchange(&output) }
            guard !output.isEmpty else {
                isWriteBlocked = false
                return
            }
            let result: TransferResult =
                switch transport {
                case .some(let transport): unsafe output.withUnsentBytes { unsafe transport.write($0) }
                case .none: preconditionFailure("a link writes only after it has connected")
                }
            metrics.writeSyscalls.add(1)
            switch result {
            case .bytes(let count):
                output.consume(count)
                metrics.bytesSent.add(count)
                heartbeat.sent(MonotonicClock.now())
            case .wouldBlock:
                isWriteBlocked = true
                return
            case .ended:
                throw login?.ended() ?? AMQPError(.connectionClosed, "the broker ended the connection")
            case .failed(let error):
                throw error
            }
        }
    }

    // MARK: Reading

    /// - Returns: whether there was something.
    private mutating func read(_ now: UInt64) throws(AMQPError) -> Bool {
        var result = TransferResult.wouldBlock
        switch transport {
        case .some(let transport):
            unsafe input.fill { buffer in
                result = unsafe transport.read(into: buffer)
                if case .bytes(let count) = result { return count }
                return 0
            }
        case .none: preconditionFailure("a link reads only after it has connected")
        }
        metrics.readSyscalls.add(1)
        switch result {
        case .bytes(let count):
            metrics.bytesReceived.add(count)
            heartbeat.received(now)
            try handleInput()
            return true
        case .wouldBlock: return false
        case .ended:
            throw login?.ended() ?? AMQPError(.connectionClosed, "the broker ended the connection")
        case .failed(let error):
            if error.code == .tlsFailed { throw error }
            // A broker that refuses a login may reset the connection instead of ending it.
            throw login?.ended() ?? error
        }
    }

    /// The broker has hung up. What it said before is in the socket still, and tells why.
    private mutating func hearLastWords(_ now: UInt64) throws(AMQPError) {
        for _ in 0..<Self.lateReadCountMax {
            guard try read(now) else { return }
        }
    }

    private mutating func handleInput() throws(AMQPError) {
        while let bytes = unsafe try input.nextFrame() {
            let (channel, frame) = try unsafe FrameDecoder.frame(bytes)
            switch unsafe frame {
            case .content(let frame):
                if channel > 0, login == nil { try unsafe channels.handle(frame, on: channel) }
            case .method(let frame):
                let method = try unsafe decoder.method(frame)
                if channel == 0 {
                    try handleConnection(method)
                } else if login == nil {
                    try channels.handle(method, on: channel, mailbox)
                }
            case .heartbeat where channel == 0: break
            case .heartbeat:
                throw AMQPError(.protocolViolation, "the broker sent a heartbeat on channel \(channel)")
            }
        }
    }

    private mutating func handleConnection(_ method: InboundMethod) throws(AMQPError) {
        if login != nil {
            return try handleLogin(method)
        }
        switch method {
        case .connectionClose(let code, let text):
            try mailbox.post { contents throws(AMQPError) in try contents.writer.write(.connectionCloseOK, on: 0) }
            try? write()
            throw AMQPError.fromBroker(replyCode: code, text: text, on: .connection)
        case .connectionCloseOK:
            channels.answer(method, on: 0)
        case .connectionBlocked(let reason):
            reports.append(.blocked(reason: reason))
            channels.setBlocked(true)
        case .connectionUnblocked:
            reports.append(.unblocked)
            channels.setBlocked(false)
        default:
            throw AMQPError(.protocolViolation, "the broker sent \(method) on an open connection")
        }
    }

    private mutating func handleLogin(_ method: InboundMethod) throws(AMQPError) {
        switch login!.received(method) {
        case .send(let methods):
            try send(methods)
        case .tune(let agreement, let methods):
            decoder.tune(channelMax: agreement.channelMax, frameMax: agreement.frameMax)
            input.frameByteCountMax = Int(agreement.frameMax)
            try mailbox.post { contents throws(AMQPError) in
                contents.writer.frameByteCountMax = Int(agreement.frameMax)
            }
            heartbeat = HeartbeatMachine(
                interval: UInt64(agreement.heartbeat) * 1_000_000_000, now: MonotonicClock.now())
            try send(methods)
        case .opened(let agreement):
            login = nil
            reports.append(.opened(agreement))
        case .fail(let code, let message, let replyCode):
            throw AMQPError(code, message, replyCode: replyCode)
        }
    }

    private func send(_ methods: [OutboundMethod]) throws(AMQPError) {
        try mailbox.post { contents throws(AMQPError) in
            for method in methods { try contents.writer.write(method, on: 0) }
        }
    }
}
