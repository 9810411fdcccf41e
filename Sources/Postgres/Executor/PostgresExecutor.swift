import Glibc
import Telemetry

/// The thread that reads the answers of many connections, and on which tasks may run.
///
/// A task that runs elsewhere is woken by a hand-off between threads, which costs as much as a short statement. A task with
/// this executor preference is resumed on the thread that read its answer, and what concurrent tasks send between two
/// waits leaves in one write:
///
/// ```swift
/// await withTaskExecutorPreference(pool.executor) { await worker.run() }
/// ```
///
/// Code that runs here must not block and should not compute for long: the connections wait meanwhile. The thread lives as
/// long as the process, because a task may prefer it at any time.
///
/// `@unchecked Sendable` is true because `ready`, `unflushed` and `keys` are used on the thread only.
public final class PostgresExecutor: TaskExecutor, @unchecked Sendable {
    /// The executor that pools share unless told otherwise.
    public static let shared = PostgresExecutor(name: "postgres-io")

    private let poller = Poller()
    private let mailbox = Lock(Mailbox())
    private var thread: pthread_t

    private var ready: [UnownedJob] = []
    private var unflushed: [any SocketWatcher] = []
    private var keys: [UInt64] = []

    /// How many jobs run before sockets are looked at again.
    private static let jobCountMax = 256
    /// How late a deadline may be noticed; also how often an idle loop wakes.
    private static let sweepInterval = Duration.seconds(1)

    /// Starts a thread.
    ///
    /// - Parameter name: shown by `ps` and debuggers, at most 15 bytes.
    public init(name: String) {
        thread = pthread_self()
        thread = BlockingThread.start(name: name) { [self] in run() }
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrentThread {
            ready.append(job)
        } else {
            post { $0.jobs.append(job) }
        }
    }

    /// Whether the caller runs on this executor's thread.
    var isCurrentThread: Bool { pthread_equal(thread, pthread_self()) != 0 }
}

// MARK: What connections ask for

extension PostgresExecutor {
    /// Begins to watch a socket and keeps its watcher alive until ``forget(_:)``.
    ///
    /// - Returns: the key to name the socket by.
    func watch(_ descriptor: Int32, _ watcher: any SocketWatcher) -> UInt64 {
        let key = mailbox.withLock { mailbox in
            mailbox.lastKey += 1
            mailbox.watchers[mailbox.lastKey] = watcher
            return mailbox.lastKey
        }
        poller.add(descriptor, key: key, interest: .read)
        return key
    }

    /// Watches a socket no more. Only while it is open: a closed one's number may be another's.
    func ignore(_ descriptor: Int32) {
        poller.remove(descriptor)
    }

    /// Lets go of a watcher.
    func forget(_ key: UInt64) {
        let watcher = mailbox.withLock { $0.watchers.removeValue(forKey: key) }
        // Released outside of the lock: it may be the last reference.
        withExtendedLifetime(watcher) {}
    }

    func setInterest(_ interest: Poller.Interest, of descriptor: Int32, key: UInt64) {
        poller.modify(descriptor, key: key, interest: interest)
    }

    /// Has `watcher` write when all jobs that are ready now have run. Only on this executor's thread.
    func flushAfterReadyJobs(_ watcher: any SocketWatcher) {
        unflushed.append(watcher)
    }

    typealias Timer = TimerQueue<@Sendable () -> Void>.ID

    /// Runs `action` on the thread when the time has come. It must be short.
    ///
    /// - Returns: what to call it off with.
    @discardableResult
    func schedule(at due: MonotonicTime, _ action: @escaping @Sendable () -> Void) -> Timer {
        post { $0.timers.add(action, due: due) }
    }

    /// Calls off what was scheduled, if it has not run.
    func callOff(_ timer: Timer) {
        let action = mailbox.withLock { $0.timers.remove(timer) }
        // Released outside of the lock: it may hold the last reference to anything.
        withExtendedLifetime(action) {}
    }

    private func post<Result: Sendable>(_ change: (inout Mailbox) -> Result) -> Result {
        let (result, isAsleep) = mailbox.withLock { mailbox in
            let result = change(&mailbox)
            defer { mailbox.isAsleep = false }
            return (result, mailbox.isAsleep)
        }
        if isAsleep { poller.wake() }
        return result
    }
}

// MARK: The loop

extension PostgresExecutor {
    private struct Mailbox {
        var jobs: [UnownedJob] = []
        var timers = TimerQueue<@Sendable () -> Void>()
        var watchers: [UInt64: any SocketWatcher] = [:]
        var lastKey = Poller.wakeKey
        /// Set by the thread before it waits; whoever posts then has to wake it.
        var isAsleep = false
        var nextSweep = MonotonicTime.now() + sweepInterval
    }

    private func run() {
        while true {
            runReadyJobs()
            writeUnflushed()
            wait()
            notifyWatchers()
            runTimers()
        }
    }

    private func runReadyJobs() {
        var index = 0
        while index < ready.count && index < Self.jobCountMax {
            unsafe ready[index].runSynchronously(on: asUnownedTaskExecutor())
            index += 1
        }
        ready.removeFirst(index)
    }

    private func writeUnflushed() {
        if unflushed.isEmpty { return }
        for watcher in unflushed { watcher.flushBuffered() }
        unflushed.removeAll(keepingCapacity: true)
    }

    private func wait() {
        let hasJobs = !ready.isEmpty
        let now = MonotonicTime.now()
        let timeout = mailbox.withLock { mailbox -> Int32 in
            if hasJobs || !mailbox.jobs.isEmpty { return 0 }
            let due = min(mailbox.timers.nextDue ?? .never, mailbox.nextSweep)
            if due <= now { return 0 }
            mailbox.isAsleep = true
            // Rounded up, so that the time has come when the wait ends.
            return Int32(clamping: due.since(now).wholeMilliseconds + 1)
        }
        poller.wait(milliseconds: timeout, into: &keys)
        mailbox.withLock { mailbox in
            mailbox.isAsleep = false
            swap(&ready, &mailbox.jobs, ifEmpty: !hasJobs)
        }
    }

    /// Moves posted jobs behind those that are ready, without copying where nothing is ready.
    private func swap(_ ready: inout [UnownedJob], _ posted: inout [UnownedJob], ifEmpty isEmpty: Bool) {
        if isEmpty {
            Swift.swap(&ready, &posted)
        } else {
            ready.append(contentsOf: posted)
            posted.removeAll(keepingCapacity: true)
        }
    }

    private func notifyWatchers() {
        for key in keys {
            let watcher = mailbox.withLock { $0.watchers[key] }
            watcher?.socketReady()
        }
        keys.removeAll(keepingCapacity: true)
    }

    private func runTimers() {
        let now = MonotonicTime.now()
        while let action = mailbox.withLock({ $0.timers.takeDue(at: now) }) { action() }
        let toSweep = mailbox.withLock { mailbox -> [any SocketWatcher] in
            guard mailbox.nextSweep <= now else { return [] }
            mailbox.nextSweep = now + Self.sweepInterval
            return Array(mailbox.watchers.values)
        }
        for watcher in toSweep { watcher.checkDeadlines(now: now) }
    }
}
