import Glibc
import Testing

@testable import LocalServers

@Suite struct PostgresClusterTests {
    @Test func lendsADatabaseAndTakesItBack() async throws {
        let cluster = try await SharedServers.postgres()
        let name = try await cluster.withDatabase { name in
            let current = try await cluster.psql("SELECT current_database()", in: name)
            #expect(current == "\(name)\n")
            return name
        }
        let databases = try await cluster.psql("SELECT datname FROM pg_database")
        #expect(!databases.contains(name))
    }

    @Test func commitsAreDurable() async throws {
        let cluster = try await SharedServers.postgres()
        #expect(try await cluster.psql("SHOW fsync; SHOW synchronous_commit; SHOW max_connections") == "on\non\n200\n")
    }

    @Test func rowsSurviveEveryWayToEnd() async throws {
        let cluster = try await PostgresCluster.started()
        let port = cluster.port
        try await cluster.psql("CREATE TABLE kept (way text)")
        for (word, mode) in [("fast", PostgresCluster.StopMode.fast), ("immediate", .immediate), ("kill", .kill)] {
            try await cluster.psql("INSERT INTO kept VALUES (:'way')", ["way": word])
            try await cluster.stop(mode)
            #expect(!cluster.isRunning)
            try await cluster.start()
        }
        #expect(try await cluster.psql("SELECT way FROM kept ORDER BY 1") == "fast\nimmediate\nkill\n")
        #expect(cluster.port == port)
        try await cluster.shutDown()
    }

    @Test func aKeptFolderServesTheNextCluster() async throws {
        let folder =
            "/tmp/skald-kept-\(ServerFolder.randomName())-with-a-name-too-long-for-the-path-of-a-socket-in-it-0123456789"
        defer { removeFolder(folder) }
        var options = PostgresOptions()
        options.folder = folder
        let first = try await PostgresCluster.started(options)
        try await first.psql("CREATE TABLE kept AS SELECT 7 AS id")
        try await first.shutDown()
        #expect(access("\(first.socketFolder)", F_OK) != 0)
        let second = try await PostgresCluster.started(options)
        #expect(try await second.psql("SELECT id FROM kept") == "7\n")
        #expect(second.password == first.password)
        try await second.shutDown()
    }

    @Test func aFolderMayHaveAnyName() async throws {
        let folder = "/tmp/skald-it's, \"\(ServerFolder.randomName())\" 100%"
        defer { removeFolder(folder) }
        var options = PostgresOptions()
        options.folder = folder
        let cluster = try await PostgresCluster.started(options)
        #expect(try await cluster.psql("SELECT 1") == "1\n")
        try await cluster.shutDown()
    }

    @Test func anIdThatPassedToAStrangerKeepsNobodyOut() async throws {
        let cluster = try await PostgresCluster.started()
        let locks = ["data/postmaster.pid", "socket/.s.PGSQL.\(cluster.port).lock"]
        let texts = try locks.map { try #require(cluster.folder.read($0)) }
        // Of the same user, and a postmaster, too.
        let stranger = try #require(try await SharedServers.postgres().processID)
        try await cluster.stop(.kill)
        for (lock, text) in zip(locks, texts) {
            let rest = text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)[1]
            try cluster.folder.write(lock, "\(stranger)\n\(rest)")
        }
        try await cluster.start()
        #expect(try await cluster.psql("SELECT 1") == "1\n")
        try await cluster.shutDown()
    }

    @Test func aLockOfWhoeverWorksInTheDataStays() async throws {
        let cluster = try await PostgresCluster.started()
        let data = cluster.folder.path(of: "data")
        try PostmasterLock(path: "\(data)/postmaster.pid", data: data).removeIfStale()
        #expect(cluster.folder.read("data/postmaster.pid") != nil)
        try await cluster.shutDown()
    }

    @Test func aFolderTheServersUserCannotReachIsRefused() async throws {
        guard geteuid() == 0 else { return }
        let closed = "/tmp/skald-closed-\(ServerFolder.randomName())"
        mkdir(closed, 0o700)
        defer { removeFolder(closed) }
        var options = PostgresOptions()
        options.folder = closed + "/data"
        let error = await #expect(throws: LocalServerError.self) { try await PostgresCluster.started(options) }
        #expect(error?.problem.contains("cannot reach") == true)
    }

    @Test func rolesNeedTheirPasswordOverTCPOnly() async throws {
        let cluster = try await SharedServers.postgres()
        try await cluster.createRole("kitchen's", password: #"a'b\c"#)
        let right = cluster.connectionString(
            database: "postgres", user: "kitchen's", password: #"a'b\c"#, overTCP: true)
        let wrong = cluster.connectionString(database: "postgres", user: "kitchen's", password: "x", overTCP: true)
        #expect(try await cluster.psql("SELECT current_user", over: right) == "kitchen's\n")
        await #expect(throws: LocalServerError.self) { try await cluster.psql("SELECT 1", over: wrong) }
        try await cluster.psql(#"DROP ROLE :"name""#, ["name": "kitchen's"])
    }

    @Test(arguments: ["plain", "it's", #"back\slash \n"#, "two\nlines\r\n", #"":x" :'y'"#, "ß→∑"])
    func valuesArriveAsTheyAre(value: String) async throws {
        let cluster = try await SharedServers.postgres()
        let hex = value.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let arrived = try await cluster.psql("SELECT encode(convert_to(:'value', 'UTF8'), 'hex')", ["value": value])
        #expect(arrived == hex + "\n")
    }
}
