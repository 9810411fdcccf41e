import CLinux
import Glibc
import Synchronization
import Telemetry

/// A thread that watches sockets, and on which tasks may run.
///
/// A task that runs elsewhere is woken by a hand-off between threads, which costs as much as a short statement or several
/// messages. A task with this executor preference is resumed on the thread that read what it waited for, and what concurrent
/// tasks send between two waits leaves in one write:
///
/// ```swift
/// await withTaskExecutorPreference(pool.executor) { await worker.run() }
/// ```
///
/// Code that runs here must not block and should not compute for long: the connections wait meanwhile.
///
/// Where messages come thick and fast, or several at a time, the thread lets those who run finish their slice when it wakes up
/// (sched(7), `SCHED_BATCH`). Threads that begin on it meanwhile, such as Swift's own, stay scheduled like that. A process or
/// a thread that is scheduled otherwise than by `SCHED_OTHER` stays so.
///
/// `@unchecked Sendable` is true because `ready`, `unflushed`, `keys`, `unread`, `nextDue`, `alarm`, `wakeUps` and `policy`
/// are used on the thread only, and one thread begins only after the one before it has ended.
public final class EventLoop: TaskExecutor, @unchecked Sendable {
    /// The loop that database pools share unless told otherwise. It lives as long as the process.
    public static let shared = EventLoop(name: "skald-loop")

    private let name: String
    private let poller: Poller
    private let mailbox = Lock(Mailbox())
    /// The thread while there is one, else 0.
    private let thread = Atomic<pthread_t>(0)

    private var ready: [UnownedJob] = []
    private var unflushed: [any SocketWatcher] = []
    private var keys: [UInt64] = []
    /// Whose transport may hold more than the socket shows.
    private var unread: [UInt64] = []
    /// What was due next when the thread last looked.
    private var nextDue = MonotonicTime.never
    /// What the poller's alarm is set to, until it has rung.
    private var alarm = MonotonicTime.never
    private var wakeUps = WakeUpMachine(now: .now())
    /// How the thread is scheduled, as far as the loop knows; nil where it is not the loop's to choose.
    private var policy: Int32?

    /// How many jobs run before sockets are looked at again.
    private static let jobCountMax = 256
    /// How late a deadline may be noticed by those who keep their own.
    private static let sweepInterval = Duration.seconds(1)

    /// A loop whose thread starts with the first that is to be done on it.
    ///
    /// - Parameter name: shown by `ps` and debuggers, at most 15 bytes.
    public convenience init(name: String) {
        guard let poller = Poller() else { preconditionFailure("no descriptors left for the loop \(name)") }
        self.init(name: name, poller: poller)
    }

    /// The same where the program can do without the loop.
    ///
    /// - Returns: nil where the process may open no more descriptors.
    package convenience init?(ifPossible name: String) {
        guard let poller = Poller() else { return nil }
        self.init(name: name, poller: poller)
    }

    private init(name: String, poller: consuming Poller) {
        self.name = name
        self.poller = poller
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrentThread {
            ready.append(job)
        } else {
            post { $0.jobs.append(job) }
        }
    }

    /// Whether the caller runs on this loop's thread.
    package var isCurrentThread: Bool { thread.load(ordering: .relaxed) == pthread_self() }
}

// MARK: What connections ask for

extension EventLoop {
    /// Begins to watch a socket for input and keeps its watcher alive until ``forget(_:)``.
    ///
    /// - Returns: the key to name the socket by.
    package func watch(_ descriptor: Int32, _ watcher: any SocketWatcher) -> UInt64 {
        let keeper = watcher as? any DeadlineKeeper
        let key = post { mailbox in
            mailbox.lastKey += 1
            mailbox.watchers[mailbox.lastKey] = watcher
            mailbox.keepers[mailbox.lastKey] = keeper
            return mailbox.lastKey
        }
        poller.add(descriptor, key: key, interest: .read)
        return key
    }

    /// Watches a socket no more. Only while it is open: a closed one's number may be another's.
    package func ignore(_ descriptor: Int32) {
        poller.remove(descriptor)
    }

    /// Lets go of a watcher.
    package func forget(_ key: UInt64) {
        let watcher = mailbox.withLock { mailbox in
            mailbox.keepers[key] = nil
            return mailbox.watchers.removeValue(forKey: key)
        }
        // Released outside of the lock: it may be the last reference.
        withExtendedLifetime(watcher) {}
    }

    package func setInterest(_ interest: Poller.Interest, of descriptor: Int32, key: UInt64) {
        poller.modify(descriptor, key: key, interest: interest)
    }

    /// Has `watcher` write when all jobs that are ready now have run.
    package func flushSoon(_ watcher: any SocketWatcher) {
        if isCurrentThread {
            unflushed.append(watcher)
        } else {
            post { $0.unflushed.append(watcher) }
        }
    }

    /// Has the watcher called again although its socket may show nothing. Only on this loop's thread.
    package func readAgain(_ key: UInt64) {
        unread.append(key)
    }

    /// Takes note of how many messages came at a time to a task that runs here: it decides how the thread is to wake up.
    /// From another thread it does nothing.
    package func noteBatch(messageCount: Int) {
        guard isCurrentThread, let manner = wakeUps.takes(messageCount: messageCount) else { return }
        wakeUp(manner)
    }

    package typealias Timer = TimerQueue<@Sendable () -> Void>.ID

    /// Runs `action` on the thread when the time has come. It must be short.
    ///
    /// - Returns: what to call it off with.
    @discardableResult
    package func schedule(at due: MonotonicTime, _ action: @escaping @Sendable () -> Void) -> Timer {
        post { $0.timers.add(action, due: due) }
    }

    /// Calls off what was scheduled, if it has not run.
    package func callOff(_ timer: Timer) {
        let action = mailbox.withLock { $0.timers.remove(timer) }
        // Released outside of the lock: it may hold the last reference to anything.
        withExtendedLifetime(action) {}
    }

    /// Has the thread end once nothing is left to do. Whatever comes later begins another, which ends as soon.
    package func release() {
        post { $0.isReleased = true }
    }

    private enum Need {
        case nothing
        case wake
        case thread
    }

    private func post<Result: Sendable>(_ change: (inout Mailbox) -> Result) -> Result {
        let (result, need) = mailbox.withLock { mailbox in
            let result = change(&mailbox)
            defer {
                mailbox.isAsleep = false
                mailbox.hasThread = true
            }
            return (result, mailbox.hasThread ? mailbox.isAsleep ? .wake : Need.nothing : .thread)
        }
        switch need {
        case .nothing: break
        case .wake: poller.wake()
        case .thread: BlockingThread.start(name: name) { [self] in run() }
        }
        return result
    }
}

// MARK: The loop

extension EventLoop {
    private struct Mailbox {
        var jobs: [UnownedJob] = []
        var unflushed: [any SocketWatcher] = []
        var timers = TimerQueue<@Sendable () -> Void>()
        var watchers: [UInt64: any SocketWatcher] = [:]
        var keepers: [UInt64: any DeadlineKeeper] = [:]
        var lastKey = Poller.wakeKey
        var hasThread = false
        /// Set by the thread before it waits; whoever posts then has to wake it.
        var isAsleep = false
        /// Nobody keeps the thread any more.
        var isReleased = false
        var nextSweep = MonotonicTime.now() + sweepInterval

        /// When a timer or the next sweep is due.
        var nextDue: MonotonicTime {
            mutating get { min(timers.nextDue ?? .never, keepers.isEmpty ? .never : nextSweep) }
        }

        var isIdle: Bool { jobs.isEmpty && unflushed.isEmpty && timers.isEmpty && watchers.isEmpty }
    }

    private func run() {
        thread.store(pthread_self(), ordering: .relaxed)
        wakeUps = WakeUpMachine(now: .now())
        policy = chosenPolicy()
        wakeUp(.atOnce)
        while true {
            runReadyJobs()
            writeUnflushed()
            guard wait() else { return }
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
        // Who cannot write everything asks again, for the next time.
        var watchers: [any SocketWatcher] = []
        Swift.swap(&watchers, &unflushed)
        for watcher in watchers { watcher.flushBuffered() }
        guard unflushed.isEmpty else { return }
        watchers.removeAll(keepingCapacity: true)
        Swift.swap(&watchers, &unflushed)
    }

    private enum Wait {
        /// There is work: sockets are only looked at.
        case look
        /// Until something happens or is due.
        case sleep
        /// There is nothing to wait for any more: the thread ends.
        case end
    }

    /// - Returns: false if the thread ends.
    private func wait() -> Bool {
        let hasJobs = !ready.isEmpty
        let hasWork = hasJobs || !unflushed.isEmpty || !unread.isEmpty
        let now = MonotonicTime.now()
        let (wait, due) = mailbox.withLock { mailbox -> (Wait, MonotonicTime) in
            let due = mailbox.nextDue
            if hasWork || !mailbox.jobs.isEmpty || !mailbox.unflushed.isEmpty { return (.look, due) }
            if mailbox.isReleased, mailbox.isIdle {
                mailbox.hasThread = false
                thread.store(0, ordering: .relaxed)
                return (.end, due)
            }
            if due <= now { return (.look, due) }
            mailbox.isAsleep = true
            return (.sleep, due)
        }
        // The next thread may have begun already.
        if wait == .end { return false }
        nextDue = due
        if wait == .sleep {
            setAlarm(due)
            if let manner = wakeUps.sleeps(at: now) { wakeUp(manner) }
        }
        if poller.wait(isAwaited: wait == .sleep, into: &keys) { alarm = .never }
        mailbox.withLock { mailbox in
            mailbox.isAsleep = false
            swap(&ready, &mailbox.jobs, ifEmpty: !hasJobs)
            if !mailbox.unflushed.isEmpty {
                unflushed += mailbox.unflushed
                mailbox.unflushed.removeAll(keepingCapacity: true)
            }
        }
        return true
    }

    /// - Returns: nil where somebody has asked for another policy for this process or this thread.
    private func chosenPolicy() -> Int32? {
        guard sched_getscheduler(getpid()) == SCHED_OTHER else { return nil }
        let inherited = sched_getscheduler(0)
        // Whoever began this thread may have been another loop.
        return inherited == SCHED_OTHER || inherited == Int32(SKALD_SCHED_BATCH) ? inherited : nil
    }

    /// Only on this loop's thread.
    func wakeUp(_ manner: WakeUpMachine.Manner) {
        let wanted = manner == .inTurn ? Int32(SKALD_SCHED_BATCH) : SCHED_OTHER
        guard policy != wanted, policy == sched_getscheduler(0) else { return }
        var parameters = sched_param()
        // A sandbox may refuse: then the thread stays as it is.
        if unsafe sched_setscheduler(0, wanted, &parameters) == 0 { policy = wanted }
    }

    /// Deadlines move away as often as they are set. An alarm that rings too early costs one look; setting it costs a call.
    private func setAlarm(_ due: MonotonicTime) {
        guard due < alarm else { return }
        alarm = due
        poller.setAlarm(due)
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
        if !unread.isEmpty {
            keys += unread.filter { !keys.contains($0) }
            unread.removeAll(keepingCapacity: true)
        }
        for key in keys {
            let watcher = mailbox.withLock { $0.watchers[key] }
            watcher?.socketReady()
        }
        keys.removeAll(keepingCapacity: true)
    }

    private func runTimers() {
        let now = MonotonicTime.now()
        guard nextDue <= now else { return }
        // What these schedule waits for the next round, also where its time has come: sockets are looked at between.
        for timer in mailbox.withLock({ $0.timers.takeDue(at: now) }) {
            if let action = mailbox.withLock({ $0.timers.remove(timer) }) { action() }
        }
        let toSweep = mailbox.withLock { mailbox -> [any DeadlineKeeper] in
            guard mailbox.nextSweep <= now else { return [] }
            mailbox.nextSweep = now + Self.sweepInterval
            return Array(mailbox.keepers.values)
        }
        for keeper in toSweep { keeper.checkDeadlines(now: now) }
    }
}
