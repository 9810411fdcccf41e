import Testing

@Suite struct BanListTests {
    @Test func nothingBannedIsWritten() {
        let violations = Repository.files.flatMap(BanList.violations)
        #expect(violations.isEmpty, "\(list(violations))")
    }

    struct Plant: Sendable, CustomTestStringConvertible {
        var rule: String?
        var text: String
        var path = "Sources/Orchestration/A.swift"

        var testDescription: String { "\(path): \(text)" }
    }

    /// What each rule must find; a rule of nil says that the text is in order.
    private static let plants: [Plant] = [
        Plant(rule: "preconcurrency", text: "@preconcurrency import Foundation"),
        Plant(rule: "dispatch", text: "DispatchQueue.global().async {}"),
        Plant(rule: nil, text: "// DispatchQueue is not used here"),
        Plant(rule: nil, text: #"let text = "DispatchQueue""#),
        Plant(rule: "dispatch", text: #"let text = "\(DispatchQueue.main)""#),
        Plant(rule: "blocking-sleep", text: "Thread.sleep(forTimeInterval: 1)"),
        Plant(rule: "blocking-sleep", text: "sleep(1)"),
        Plant(rule: "blocking-sleep", text: "usleep(1)"),
        Plant(rule: nil, text: "try await Task.sleep(for: pause)"),
        Plant(rule: "test-sleep", text: "try await Task.sleep(for: pause)", path: "Tests/AMQPTests/A.swift"),
        Plant(
            rule: nil, text: "// Allowed (test-sleep): this is the clock under test\ntry await Task.sleep(for: pause)",
            path: "Tests/AMQPTests/A.swift"),
        Plant(rule: "try!", text: "let a = try! f()"),
        Plant(rule: "fatalError", text: "default: fatalError()"),
        Plant(rule: nil, text: #"default: fatalError("state \(state) after close")"#),
        Plant(rule: "print", text: "print(a)"),
        Plant(rule: nil, text: "footprint(a)"),
        Plant(rule: nil, text: "print(a)", path: "Sources/Skald/A.swift"),
        Plant(rule: "public", text: "public struct A {}"),
        Plant(rule: nil, text: "public struct A {}", path: "Sources/AMQP/A.swift"),
        Plant(rule: "unsafe-flags", text: #".unsafeFlags(["-Ounchecked"])"#, path: "Package.swift"),
        Plant(rule: "unsafe-flags", text: #".package(url: "x", from: "1.0.0")"#, path: "Package.swift"),
        Plant(rule: "lock", text: "let a = Mutex(0)"),
        Plant(rule: "lock", text: "let a = NSLock()"),
        Plant(rule: nil, text: "pthread_mutex_lock(mutex)", path: "Sources/Telemetry/Lock.swift"),
        Plant(rule: "nonisolated(unsafe)", text: "nonisolated(unsafe) var a = 0"),
        Plant(rule: nil, text: "// Written before any thread starts.\nnonisolated(unsafe) var a = 0"),
        Plant(rule: "@unchecked Sendable", text: "/// A box.\nfinal class A: @unchecked Sendable {}"),
        Plant(
            rule: nil,
            text:
                "/// A box, Sendable because nothing changes.\n@usableFromInline\nfinal class A: @unchecked Sendable {}"
        ),
        Plant(rule: "leftover", text: "// TODO: later"),
        Plant(rule: "leftover", text: "FIXME", path: "README.md"),
        Plant(rule: nil, text: "mXXXm", path: "README.md"),
        Plant(rule: "machine-path", text: "see /home/me/notes", path: "README.md"),
        Plant(
            rule: "registry", text: "image: " + ["quay", "io"].joined(separator: ".") + "/x",
            path: "compose/compose.yaml"),
        Plant(rule: "file name", text: "", path: "Sources/AMQP/ChannelManager.swift"),
        Plant(rule: "file name", text: "", path: "Sources/AMQP/Channel+Helpers.swift"),
        Plant(rule: "file name", text: "", path: "Sources/AMQP/Core.swift"),
        Plant(rule: nil, text: "", path: "Sources/AMQP/Channel+Managing.swift"),
        Plant(
            rule: "sql", text: #"try await cluster.psql("SELECT * FROM \(table)")"#, path: "Tests/PostgresTests/A.swift"
        ),
        Plant(rule: "sql", text: "PQexec(\n    connection,\"\"\"\n    DELETE FROM a\n    WHERE b = \\(c)\n    \"\"\")"),
        Plant(rule: nil, text: #"psql("SELECT * FROM a WHERE b = :'c'", ["c": c])"#),
        Plant(rule: nil, text: #"let a = psql("SELECT 1")"# + "\n" + #"log("\(a)")"#),
        Plant(rule: nil, text: #"query("SELECT * FROM a WHERE b = \(c)")"#),
    ]

    @Test(arguments: plants)
    func findsWhatIsPlanted(plant: Plant) {
        let found = BanList.violations(in: TextFile(path: plant.path, text: plant.text)).map(\.rule)
        #expect(found == (plant.rule.map { [$0] } ?? []))
    }

    @Test func everyRuleHasAPlantAndNamesItsReplacement() {
        let planted = Set(Self.plants.compactMap(\.rule))
        for ban in BanList.bans {
            #expect(planted.contains(ban.name), "\(ban.name) has no plant")
            #expect(!ban.instead.isEmpty)
        }
    }
}
