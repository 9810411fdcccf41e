import Glibc
import Testing

@testable import LocalServers

/// What needs a broker of its own: ends, restarts, listeners, failures.
@Suite(.serialized) struct RabbitServerLifeTests {
    @Test(.timeLimit(.minutes(15)))
    func livesBesideAnotherAndComesBackOnTheSamePortsAndData() async throws {
        let folder = "/tmp/skald-kept-\(ServerFolder.randomName())"
        defer { removeFolder(folder) }
        var options = RabbitOptions()
        options.folder = folder
        options.tls = .init()
        let server = try await RabbitServer.started(options)
        let other = try await SharedServers.rabbit()
        #expect(server.nodeName != other.nodeName && server.port != other.port)

        let name = try await server.makeVirtualHost()
        let process = server.processID
        try await server.restart()
        #expect(server.processID != process)
        #expect(Probe.speaksAMQP(port: server.port))
        #expect(try await server.ctl(["list_vhosts", "--silent"]).contains(name))

        try await server.kill()
        #expect(!server.isRunning)
        #expect(!Probe.accepts(port: server.port))
        try await server.start()
        #expect(Probe.speaksAMQP(port: server.port))

        try await checkTLS(of: server)
        try await checkMemoryAlarm(of: server)
        #expect(try await runScript(of: server).output.contains(name))
        try await server.shutDown()
        let refused = try await runScript(of: server)
        #expect(refused.exit == 69 && refused.errorOutput == "the broker of this folder does not run\n")
        #expect(!Probe.accepts(port: server.ports.nameService.port), "no name service was started")
        #expect(!Probe.accepts(port: server.port))
        #expect(Probe.speaksAMQP(port: other.port))

        let again = try await RabbitServer.started(options)
        #expect(again.nodeName == server.nodeName && again.password == server.password)
        #expect(try await again.ctl(["list_vhosts", "--silent"]).contains(name))
        try await again.shutDown()
    }

    private func runScript(of server: RabbitServer) async throws -> Command.Result {
        let words = ["/bin/sh", "-c", server.controlScript, "rabbitmqctl", "list_vhosts", "--silent"]
        return try await onOwnThread { try Command(words).run() }
    }

    private func checkTLS(of server: RabbitServer) async throws {
        let tls = try #require(server.tls)
        let trusting = try await handshake(tls, authority: tls.authority, name: "localhost")
        #expect(trusting.contains("Verification: OK"))
        #expect(trusting.contains("TLSv1.3"))
        #expect(
            try await handshake(tls, authority: tls.strangeAuthority, name: "localhost").contains("Verification error"))
        #expect(try await handshake(tls, authority: tls.authority, name: "elsewhere").contains("Verification error"))
    }

    private func checkMemoryAlarm(of server: RabbitServer) async throws {
        try await server.setMemoryWatermark(0.00001)
        #expect(try await server.evaluate("rabbit_alarm:get_alarms()").contains("memory"))
        try await server.setMemoryWatermark(0.4)
        #expect(try await server.evaluate("rabbit_alarm:get_alarms()") == "[]")
    }

    private func handshake(_ tls: RabbitTLS, authority: String, name: String) async throws -> String {
        let arguments = [
            "openssl", "s_client", "-connect", "127.0.0.1:\(tls.port)", "-CAfile", authority, "-verify_hostname", name,
            "-cert", tls.clientCertificate, "-key", tls.clientKey,
        ]
        return try await onOwnThread { try Command(arguments).run().output }
    }

    /// Also the one of a broker that nobody stopped is there to be read, and nothing but it.
    @Test(.timeLimit(.minutes(5)))
    func aBrokerThatDiedKeepsItsLog() async throws {
        let server = try await RabbitServer.started()
        defer { removeFolder(server.folder.path) }
        let stopped = try await RabbitServer.started()
        try await stopped.kill()
        try await stopped.shutDown()
        #expect(access(stopped.folder.path, F_OK) != 0)
        kill(try #require(server.processID), SIGKILL)
        try await onOwnThread { _ = Deadline(after: .seconds(30)).poll { server.isRunning ? nil : true } }
        try await server.shutDown()
        #expect(try #require(readFile(server.logPath)).contains("RabbitMQ"))
        #expect(try Command(["ls", "-A", server.folder.path]).output() == "broker.log\n")
    }

    @Test(.timeLimit(.minutes(5)))
    func aBrokerThatCannotStartSaysWhyAndKeepsItsLog() async throws {
        var options = RabbitOptions()
        options.configuration = ["no_such_setting = 1"]
        let error = try #require(
            await #expect(throws: LocalServerError.self) { try await RabbitServer.started(options) })
        #expect(error.code == .startFailed)
        #expect(error.problem.contains("no_such_setting"))
        let log = try #require(error.logPath)
        #expect(try #require(readFile(log)).contains("no_such_setting"))
        _ = try await onOwnThread {
            try Command(["rm", "-rf", "--", String(log.dropLast("/broker.log".count))]).output()
        }
    }

    /// The log of a kept folder holds all starts: what failed then says nothing about now.
    @Test(.timeLimit(.minutes(5)))
    func aBrokerThatCannotStartAgainSaysWhyThisTime() async throws {
        var options = RabbitOptions()
        options.folder = "/tmp/skald-kept-\(ServerFolder.randomName())"
        options.configuration = ["no_such_setting = 1"]
        let folder = try #require(options.folder)
        defer { removeFolder(folder) }
        try #require(mkdir(folder, 0o755) == 0)
        let account = try #require(Account.server(packageUser: "rabbitmq"))
        chown(folder, account.uid, account.gid)
        let old = "BOOT FAILED\n===========\nERROR: an old reason\n"
        try ServerFolder(path: folder, account: account).write(RabbitFiles.log, old)
        let error = try #require(
            await #expect(throws: LocalServerError.self) { try await RabbitServer.started(options) })
        #expect(error.problem.contains("no_such_setting") && !error.problem.contains("an old reason"))
        #expect(try #require(readFile(folder + "/broker.log")).hasPrefix(old), "and yet it is kept")
    }
}

/// Removes what a test kept on purpose.
func removeFolder(_ path: String) { _ = try? Command(["rm", "-rf", "--", path]).run() }
