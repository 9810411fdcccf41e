import CLinux
import Glibc
import Testing

@testable import LocalServers

@Suite struct ProcessTests {
    @Test func readsAProcessWhoseNameHoldsParentheses() {
        let text = "42 (a) S (b) c) S 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1000 200\n"
        #expect(ProcessTable.parse(text, 42) == ProcessTable.Entry(pid: 42, startTime: 987654))
        let ended = text.replacing(") S 1 42", with: ") Z 1 42")
        #expect(ProcessTable.parse(ended, 42) == nil)
    }

    @Test func aCommandThatOverrunsIsKilledAndNamed() async throws {
        let error = await #expect(throws: LocalServerError.self) {
            try await onOwnThread { try Command(["sh", "-c", "sleep 600"], limit: .milliseconds(200)).run() }
        }
        #expect(error?.code == .timedOut)
        #expect(error?.subject == "sh -c sleep 600")
    }

    @Test func aCommandGetsNothingOfTheCallers() async throws {
        setenv("SKALD_TEST_LEAK", "1", 1)
        let open = open("/dev/null", O_RDONLY)
        defer { close(open) }
        let script =
            "echo \"[$SKALD_TEST_LEAK]\"; cat; test -e /proc/self/fd/\(open) && echo leaked; test -t 0 || echo no terminal"
        let output = try await onOwnThread { try Command(["sh", "-c", script], input: "given\n").output() }
        #expect(output == "[]\ngiven\nno terminal\n")
    }

    @Test(.enabled(if: sched_getscheduler(getpid()) == SCHED_OTHER)) func aCommandDoesNotWaitAsALoopDoes() async throws
    {
        let policy = try await onOwnThread {
            var parameters = sched_param()
            sched_setscheduler(0, Int32(SKALD_SCHED_BATCH), &parameters)
            return try Command(["chrt", "-p", "0"]).output()
        }
        #expect(policy.contains("SCHED_OTHER"))
    }

    @Test func aFailedCommandIsQuoted() async throws {
        let error = await #expect(throws: LocalServerError.self) {
            try await onOwnThread { try Command(["sh", "-c", "echo why >&2; exit 3"]).output() }
        }
        #expect(error?.problem.contains("ended with 3: why") == true)
    }

    @Test func whatOthersNeedIsEndedAfterThem() async throws {
        let watchdog = try Watchdog()
        let folder = try ServerFolder.temporary("watchdog", for: .current, removedBy: watchdog)
        _ = watchdog.keep(folder.path)
        defer { removeFolder(folder.path) }
        func start(_ script: String, _ farewell: Watchdog.Farewell) throws -> ChildProcess {
            let launch = Launch(
                arguments: ["/bin/sh", "-c", script], environment: ["PATH": Account.searchPath], folder: folder.path)
            return try ChildProcess.start(launch, under: watchdog, endedBy: farewell)
        }
        let needed = try start(
            "trap 'rm needed; exit' TERM; : > needed; while :; do sleep 0.05; done",
            .init(signal: SIGTERM, grace: .seconds(30), isLast: true))
        // It ends slowly, and only then looks whether what it needs is there.
        let other = try start(
            "trap 'sleep 0.5; [ -e needed ] && : > found; exit' TERM; : > other; while :; do sleep 0.05; done",
            .init(signal: SIGTERM, grace: .seconds(30)))
        let areUp = try await onOwnThread {
            Deadline(after: .seconds(30)).poll { Set(namesInFolder(folder.path)) == ["needed", "other"] ? true : nil }
        }
        #expect(areUp == true)
        try await onOwnThread { watchdog.end() }
        #expect(needed.poll() != nil && other.poll() != nil)
        #expect(access(folder.path(of: "found"), F_OK) == 0)
    }

    @Test func aReservedPortIsNotGivenTwice() async throws {
        let first = try PortReservation.any()
        #expect(PortReservation.take(first.port) == nil)
        let port = first.port
        _ = consume first
        // A child that another test forks at this moment holds a copy of the socket until it execs: the port comes back then.
        let deadline = ContinuousClock.now + .seconds(30)
        var again = PortReservation.take(port)
        while again == nil, ContinuousClock.now < deadline {
            await Task.yield()
            again = PortReservation.take(port)
        }
        #expect(again != nil)
    }

    @Test func aPortSomebodyListensOnIsNotTaken() throws {
        let server = try EchoServer()
        // The reservation of the echo server holds the name; ask about the port itself.
        #expect(Probe.accepts(port: server.port))
        #expect(PortReservation.take(server.port) == nil)
    }
}
