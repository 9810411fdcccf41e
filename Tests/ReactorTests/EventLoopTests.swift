import CLinux
import Glibc
import Telemetry
import Testing

@testable import Reactor

@Suite struct EventLoopTests {
    private let loop = EventLoop(name: "loop-tests")

    @Test func runsTasksOnOneThread() async {
        let threads = await withTaskGroup(of: UInt.self) { group in
            for _ in 0..<8 {
                group.addTask(executorPreference: loop) {
                    let before = Self.current
                    await Task.yield()
                    return before == Self.current && loop.isCurrentThread ? before : 0
                }
            }
            return await group.reduce(into: Set<UInt>()) { $0.insert($1) }
        }
        #expect(threads.count == 1 && !threads.contains(0))
        #expect(!loop.isCurrentThread)
    }

    /// A process that runs under a policy of its own keeps it.
    private static let hasNoPolicy = sched_getscheduler(getpid()) == SCHED_OTHER

    @Test(.enabled(if: hasNoPolicy)) func wakesUpInTheMannerThatIsChosen() async {
        let policies = await Task(executorPreference: loop) {
            [WakeUpMachine.Manner.inTurn, .atOnce].map { manner in
                loop.wakeUp(manner)
                return sched_getscheduler(0)
            }
        }.value
        #expect(policies == [Int32(SKALD_SCHED_BATCH), SCHED_OTHER])
    }

    @Test(.enabled(if: hasNoPolicy)) func takesTurnsWhereSeveralMessagesComeAtATime() async {
        for _ in 0..<WakeUpMachine.window { loop.noteBatch(messageCount: 2) }
        let policies = await Task(executorPreference: loop) {
            [0, 2, 1].map { messageCount in
                for _ in 0..<WakeUpMachine.window where messageCount > 0 { loop.noteBatch(messageCount: messageCount) }
                return sched_getscheduler(0)
            }
        }.value
        #expect(policies == [SCHED_OTHER, Int32(SKALD_SCHED_BATCH), SCHED_OTHER])
    }

    @Test(.enabled(if: hasNoPolicy)) func doesNotInheritHowAnotherLoopWakesUp() async {
        let policy = await Task(executorPreference: loop) {
            loop.wakeUp(.inTurn)
            defer { loop.wakeUp(.atOnce) }
            return await Task(executorPreference: EventLoop(name: "begun-by-loop")) { sched_getscheduler(0) }.value
        }.value
        #expect(policy == SCHED_OTHER)
    }

    @Test(.enabled(if: hasNoPolicy)) func leavesAThreadAsSomebodyElseWantedIt() async {
        let changed = await Task(executorPreference: loop) {
            Self.makeThreadIdle()
            return Self.policy(on: loop)
        }.value
        let inherited = await withCheckedContinuation { continuation in
            BlockingThread.start(name: "idle") {
                Self.makeThreadIdle()
                let begun = EventLoop(name: "begun-by-idle")
                Task(executorPreference: begun) { continuation.resume(returning: Self.policy(on: begun)) }
            }
        }
        #expect([changed, inherited] == [Int32(SKALD_SCHED_IDLE), Int32(SKALD_SCHED_IDLE)])
    }

    private static func policy(on loop: EventLoop) -> Int32 {
        loop.wakeUp(.inTurn)
        return sched_getscheduler(0)
    }

    private static func makeThreadIdle() {
        var parameters = sched_param()
        sched_setscheduler(0, Int32(SKALD_SCHED_IDLE), &parameters)
    }

    @Test func tellsWhoseSocketCanBeRead() async throws {
        let pipe = try Pipe()
        let watcher = Watcher()
        let key = loop.watch(pipe.reading, watcher)
        pipe.write()
        try await watcher.untilReady()
        loop.ignore(pipe.reading)
        loop.forget(key)
    }

    /// What was read and not handled is no longer in the socket.
    @Test func asksAgainWhoMayHaveMore() async throws {
        let pipe = try Pipe()
        let watcher = Watcher(times: 3)
        let key = loop.watch(pipe.reading, watcher)
        watcher.again = { [loop] in
            pipe.read()
            loop.readAgain(key)
        }
        pipe.write()
        try await watcher.untilReady()
        loop.ignore(pipe.reading)
        loop.forget(key)
    }

    @Test func aTimerWhoseTimeIsOverWhenItIsSetDoesNotKeepSocketsWaiting() async throws {
        let pipe = try Pipe()
        let watcher = Watcher()
        let rounds = Lock(0)
        @Sendable func again() {
            let round = rounds.withLock { rounds in
                rounds += 1
                return rounds
            }
            if round == 3 { pipe.write() }
            if watcher.isReady { return }
            loop.schedule(at: MonotonicTime(nanoseconds: 0)) { again() }
        }
        let key = loop.watch(pipe.reading, watcher)
        loop.schedule(at: .now()) { again() }
        try await watcher.untilReady()
        loop.ignore(pipe.reading)
        loop.forget(key)
    }

    /// The alarm of the poller is set for the first, moved for a sooner one, rings in vain for the one called off, and is set anew
    /// for what comes behind it.
    @Test func everyTimerRunsInItsTime() async throws {
        let early = Lock<[Bool]>([])
        func schedule(_ delay: Duration) {
            let due = MonotonicTime.now() + delay
            loop.schedule(at: due) { early.withLock { $0.append(MonotonicTime.now() < due) } }
        }
        schedule(.milliseconds(120))
        // The thread has begun to wait for it, or is about to.
        await withTaskExecutorPreference(loop) {}
        schedule(.milliseconds(40))
        loop.callOff(loop.schedule(at: .now() + .milliseconds(20)) {})
        try await until { early.withLock { $0.count } == 2 }
        schedule(.milliseconds(40))
        try await until { early.withLock { $0.count } == 3 }
        #expect(early.withLock { $0 } == [false, false, false])
    }

    @Test func flushesBehindTheJobsThatAreReady() async throws {
        let watcher = Watcher()
        await withTaskExecutorPreference(loop) {
            loop.flushSoon(watcher)
            loop.flushSoon(watcher)
            #expect(watcher.flushCount == 0)
            // The next job is one that was not ready.
            try? await loop.pause(for: .milliseconds(1))
            #expect(watcher.flushCount == 2)
        }
        loop.flushSoon(watcher)
        try await watcher.untilFlushed(3)
    }

    /// A connection that is gone leaves no thread, and a task that comes late runs all the same.
    @Test func endsItsThreadOnceReleased() async throws {
        let loop = EventLoop(name: "ended-loop")
        for _ in 0..<3 {
            await withTaskExecutorPreference(loop) { #expect(loop.isCurrentThread) }
            loop.release()
            try await until { Self.threadCount(named: "ended-loop") == 0 }
        }
    }

    @Test func keepsItsThreadWhileSomethingIsWatched() async throws {
        let loop = EventLoop(name: "watching-loop")
        let pipe = try Pipe()
        let watcher = Watcher()
        let key = loop.watch(pipe.reading, watcher)
        loop.release()
        pipe.write()
        try await watcher.untilReady()
        loop.ignore(pipe.reading)
        loop.forget(key)
        await withTaskExecutorPreference(loop) {}
        try await until { Self.threadCount(named: "watching-loop") == 0 }
    }

    private static var current: UInt { UInt(pthread_self()) }

    private static func threadCount(named name: String) -> Int {
        guard let folder = opendir("/proc/self/task") else { return -1 }
        defer { closedir(folder) }
        var count = 0
        while let entry = readdir(folder) {
            let id = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let file = fopen("/proc/self/task/\(id)/comm", "r") else { continue }
            defer { fclose(file) }
            var line = [CChar](repeating: 0, count: 64)
            guard fgets(&line, 64, file) != nil else { continue }
            let comm = String(
                decoding: line.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if comm == name { count += 1 }
        }
        return count
    }
}

private func until(_ isSo: () -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(20)
    while !isSo() {
        guard ContinuousClock.now < deadline else { throw NotInTime() }
        // Allowed (test-sleep): a pause between two looks, with a deadline around it.
        try await Task.sleep(for: .milliseconds(2))
    }
}

private struct NotInTime: Error {}

private final class Pipe: Sendable {
    let reading: Int32
    private let writing: Int32

    init() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        (reading, writing) = (ends[0], ends[1])
    }

    deinit {
        close(reading)
        close(writing)
    }

    func write() { _ = Glibc.write(writing, "x", 1) }

    func read() {
        var byte: UInt8 = 0
        if poll() { _ = Glibc.read(reading, &byte, 1) }
    }

    private func poll() -> Bool {
        var one = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
        return Glibc.poll(&one, 1, 0) == 1
    }
}

/// Counts what it is told.
private final class Watcher: SocketWatcher {
    private struct Counts {
        var ready = 0
        var flush = 0
        var again: (@Sendable () -> Void)?
    }

    private let counts = Lock(Counts())
    private let times: Int

    init(times: Int = 1) {
        self.times = times
    }

    var isReady: Bool { counts.withLock { $0.ready >= times } }
    var flushCount: Int { counts.withLock { $0.flush } }
    var again: (@Sendable () -> Void)? {
        get { counts.withLock { $0.again } }
        set { counts.withLock { $0.again = newValue } }
    }

    func socketReady() {
        counts.withLock { $0.ready += 1 }
        again?()
    }

    func flushBuffered() { counts.withLock { $0.flush += 1 } }

    func untilReady() async throws { try await until { isReady } }
    func untilFlushed(_ count: Int) async throws { try await until { flushCount >= count } }
}
