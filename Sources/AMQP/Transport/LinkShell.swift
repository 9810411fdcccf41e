import Glibc
import Reactor
import Telemetry

/// What a link is opened with.
struct LinkSettings: Sendable {
    var host: ConnectionConfiguration.Host
    var tls: TLSConfiguration?
    var wish: LoginMachine.Wish
    var connectTimeout: Duration
    var bodyByteCountMax: Int
}

/// What a link tells its connection, on its loop.
protocol LinkObserver: AnyObject, Sendable {
    func linkBlocked(reason: String)
    func linkUnblocked()
    /// The last call. `wasOpen` tells a lost connection from a failed attempt.
    func linkEnded(_ error: AMQPError)
}

/// Runs one link: connects on a thread of its own, then moves its bytes on the connection's event loop.
///
/// Everything here is touched by one thread at a time: first by the one that connects, then, handed over by `schedule`, by
/// the loop's. `@unchecked Sendable` is true for that reason.
final class LinkShell: SocketWatcher, @unchecked Sendable {
    private weak var observer: (any LinkObserver)?
    private let opening: Promise<LoginMachine.Agreement>
    private let loop: EventLoop
    private let mailbox: Mailbox
    private var isOpen = false
    private var isEnded = false
    private var isInTurn = false

    private var core: LinkCore
    /// What the loop knows the socket by.
    private var key: UInt64?
    private var interest = Poller.Interest.read
    private var timer: (id: EventLoop.Timer, due: UInt64)?

    private init(
        settings: LinkSettings, mailbox: Mailbox, numbers: ChannelNumberPool, metrics: ConnectionMetrics,
        loop: EventLoop, observer: any LinkObserver, opening: Promise<LoginMachine.Agreement>
    ) {
        self.observer = observer
        self.opening = opening
        self.loop = loop
        self.mailbox = mailbox
        core = LinkCore(settings: settings, mailbox: mailbox, numbers: numbers, metrics: metrics)
    }

    /// Connects and logs in; returns once logged in.
    ///
    /// - Throws: why the attempt failed; `cancelled` where the task was.
    static func open(
        settings: LinkSettings, generation: UInt64, requestTimeout: Duration, metrics: ConnectionMetrics,
        on loop: EventLoop, observer: any LinkObserver
    ) async throws(AMQPError) -> Link {
        let mailbox = try Mailbox(frameByteCountMax: Int(settings.wish.frameMax))
        let numbers = ChannelNumberPool()
        let opening = Promise<LoginMachine.Agreement>()
        let shell = LinkShell(
            settings: settings, mailbox: mailbox, numbers: numbers, metrics: metrics, loop: loop, observer: observer,
            opening: opening)
        guard BlockingThread.startIfPossible(name: "amqp-connect", { shell.connect() }) else {
            throw Socket.systemError("cannot start a thread", EAGAIN)
        }
        do {
            // The link keeps the timeout itself, except while the system resolves a name.
            let agreement = try await opening.value(
                within: settings.connectTimeout + .seconds(1),
                orTimeOut: "resolving \(settings.host.name) took longer than the connect timeout")
            return Link(
                mailbox: mailbox, numbers: numbers, agreement: agreement, generation: generation,
                requestTimeout: requestTimeout)
        } catch {
            try? mailbox.post(.shutdown(error))
            throw error
        }
    }

    /// On the thread that connects. It blocks.
    private func connect() {
        do throws(AMQPError) {
            try core.connect()
            loop.schedule(at: .now()) { [self] in begin() }
        } catch {
            finish(error)
        }
    }

    // MARK: On the loop

    private func begin() {
        key = loop.watch(core.descriptor, self)
        // They keep it alive until the end, as the loop does.
        mailbox.wakes { [self] in
            loop.flushSoon(self)
        } flush: { [self] in
            if loop.isCurrentThread, !isInTurn { turn(isReadable: false) }
        }
        turn(isReadable: false)
    }

    func socketReady() {
        turn(isReadable: true)
    }

    func flushBuffered() {
        turn(isReadable: false)
    }

    private func turn(isReadable: Bool) {
        guard !isEnded else { return }
        isInTurn = true
        defer { isInTurn = false }
        do throws(AMQPError) {
            for report in try core.turn(isReadable: isReadable) { tell(report) }
            prepareToWait()
        } catch {
            finish(error)
        }
    }

    /// Tells the loop what the link waits for.
    private func prepareToWait() {
        guard let key else { return }
        let wanted: Poller.Interest = core.isWriteBlocked ? [.read, .write] : .read
        if wanted != interest {
            interest = wanted
            loop.setInterest(wanted, of: core.descriptor, key: key)
        }
        if core.mayHoldMore { loop.readAgain(key) }
        if !core.mayWait { loop.flushSoon(self) }
        let due = core.nextTimer
        // One that comes too early only looks, and is set again.
        if due < timer?.due ?? .max {
            callOff()
            let time = MonotonicTime(nanoseconds: Int64(clamping: due))
            timer = (loop.schedule(at: time) { [self] in timerIsDue() }, due)
        }
    }

    private func timerIsDue() {
        timer = nil
        turn(isReadable: false)
    }

    private func callOff() {
        if let timer { loop.callOff(timer.id) }
        timer = nil
    }

    private func tell(_ report: LinkCore.Report) {
        switch report {
        case .opened(let agreement):
            isOpen = true
            opening.settle(.success(agreement))
        case .blocked(let reason): observer?.linkBlocked(reason: reason)
        case .unblocked: observer?.linkUnblocked()
        }
    }

    /// Tells everybody who waits, once.
    private func finish(_ error: AMQPError) {
        isEnded = true
        callOff()
        // While it is open: a closed socket's number may be another's.
        if key != nil { loop.ignore(core.descriptor) }
        core.end(error)
        opening.settle(.failure(error))
        if isOpen { observer?.linkEnded(error) }
        if let key { loop.forget(key) }
    }
}
