import CLinux
import Glibc
import Telemetry

/// What a link is opened with.
struct LinkSettings: Sendable {
    var host: ConnectionConfiguration.Host
    var tls: TLSConfiguration?
    var wish: LoginMachine.Wish
    var connectTimeout: Duration
    var bodyByteCountMax: Int
}

/// What a link tells its connection, on the I/O thread.
protocol LinkObserver: AnyObject, Sendable {
    func linkBlocked(reason: String)
    func linkUnblocked()
    /// The last call. `wasOpen` tells a lost connection from a failed attempt.
    func linkEnded(_ error: AMQPError)
}

/// The thread that moves the bytes of one link: epoll over the socket and the mailbox, librabbitmq as the codec.
///
/// Everything here is touched by this thread only, from `run` on. `@unchecked Sendable` is true because the object is
/// handed to the thread whole and no other reference to it is kept.
final class LinkThread: @unchecked Sendable {
    private weak var observer: (any LinkObserver)?
    private let opening: Promise<LoginMachine.Agreement>
    private var isOpen = false

    private var loop: LinkLoop

    private init(
        settings: LinkSettings, mailbox: Mailbox, numbers: ChannelNumberPool, metrics: ConnectionMetrics,
        observer: any LinkObserver, opening: Promise<LoginMachine.Agreement>
    ) {
        self.observer = observer
        self.opening = opening
        loop = LinkLoop(settings: settings, mailbox: mailbox, numbers: numbers, metrics: metrics)
    }

    /// Starts a thread that connects and logs in; returns once logged in.
    ///
    /// - Throws: why the attempt failed; `cancelled` where the task was.
    static func open(
        settings: LinkSettings, generation: UInt64, requestTimeout: Duration, metrics: ConnectionMetrics,
        observer: any LinkObserver
    ) async throws(AMQPError) -> Link {
        let mailbox = try Mailbox(frameByteCountMax: Int(settings.wish.frameMax))
        let numbers = ChannelNumberPool()
        let opening = Promise<LoginMachine.Agreement>()
        LinkThread(
            settings: settings, mailbox: mailbox, numbers: numbers, metrics: metrics, observer: observer,
            opening: opening
        ).start()
        do {
            // The thread keeps the timeout itself, except while the system resolves a name.
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

    private func start() {
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        defer { unsafe pthread_attr_destroy(&attributes) }
        unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        unsafe pthread_attr_setstacksize(&attributes, 512 * 1024)
        var thread = pthread_t()
        let box = unsafe Unmanaged.passRetained(self)
        let status = unsafe pthread_create(
            &thread, &attributes,
            { context in
                let link = unsafe Unmanaged<LinkThread>.fromOpaque(context!).takeRetainedValue()
                unsafe pthread_setname_np(pthread_self(), "skald-amqp")
                LinkThread.blockSignals()
                link.run()
                return nil
            }, box.toOpaque())
        guard status == 0 else {
            unsafe box.release()
            finish(Socket.systemError("cannot start a thread", status))
            return
        }
    }

    /// OpenSSL writes without MSG_NOSIGNAL: a broker that goes away would end the process with SIGPIPE. The program's own
    /// signals belong to its own threads anyway.
    private static func blockSignals() {
        var all = sigset_t()
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_BLOCK, &all, nil)
    }

    private func run() {
        do throws(AMQPError) {
            try loop.connect()
            while true {
                for report in try loop.turn() { tell(report) }
            }
        } catch {
            finish(error)
        }
    }

    private func tell(_ report: LinkLoop.Report) {
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
        loop.end(error)
        opening.settle(.failure(error))
        if isOpen { observer?.linkEnded(error) }
    }
}
