import Postgres
import Testing

extension TownTests {
    /// Sagas that cannot be worked on, beside one that can.
    @Suite struct DamagedSagaTests {
        @Test func aDamagedSagaStopsNoOther() async throws {
            try await Town.withTown { town in
                try await town.settle()
                let folder = try await town.beImpatient(with: .card(seconds: 10))
                defer { folder.remove() }
                try await town.keeper.stop("accounting")
                // In this order their timers fire.
                for order in ["torn", "foreign", "sound"] {
                    try await town.place(order)
                    try await town.untilCardIsAskedFor(by: order)
                }
                try await town.keeper.stop("orchestrator")
                try await town.damage()
                try await town.keeper.start("orchestrator", ["SKALD_SAGAS": folder.path])
                try await waitUntil("the card of the sound one is given up") {
                    try await town.has(
                        "orchestrator",
                        """
                        SELECT FROM saga_instance WHERE key = '"sound"' AND phase = 'compensating'
                        """)
                }
                for order in ["torn", "foreign"] {
                    try await town.expectToldOf(order, "the timers of a saga cannot fire and are put off")
                }
                #expect(
                    try await town.number(
                        "orchestrator",
                        "SELECT count(*) FROM saga_instance WHERE wake_at > now() + interval '30 s' AND version < 5")
                        == 2)

                let list = try await town.skald("saga", "list", "--json")
                for order in ["torn", "foreign", "sound"] {
                    #expect(list.output.contains("\"\(order)\""), "\(list.output)")
                }

                // Of pauses, too, all hear who can.
                // The service itself is away and does not answer.
                _ = try await town.skald("participant", "pause", "accounting", "--reason", "a test", "--wait", "1")
                try await waitUntil("the sound one was told") {
                    try await town.has("orchestrator", "SELECT FROM saga_instance WHERE paused = '{accounting}'")
                }
                try await town.expectToldOf("torn", "a saga cannot be told of pauses and is put off")
                _ = try await town.skald("participant", "resume", "accounting", "--reason", "a test", "--wait", "1")

                // Once they are mended, an answer finds them before their timers, which are put off.
                try await town.mend()
                try await town.keeper.start("accounting")
                try await town.expectRejected("sound", because: nil)
                for order in ["torn", "foreign"] { try await town.until(order, is: "APPROVED") }
                try await town.expectQuiet()
            }
        }
    }
}

extension Town {
    fileprivate func untilCardIsAskedFor(by order: String) async throws {
        try await waitUntil("the card of \(order) is asked for") {
            try await has(
                "orchestrator",
                """
                SELECT FROM saga_instance WHERE key = '"' || \(order) || '"' AND state LIKE '%"step":"authorize-card"%'
                """)
        }
    }

    /// One state is no state any more, one definition is nobody's.
    fileprivate func damage() async throws {
        let database = try database("orchestrator")
        try await database.execute("CREATE TABLE sound AS TABLE saga_instance")
        try await database.execute(#"UPDATE saga_instance SET state = '{"data":' WHERE key = '"torn"'"#)
        try await database.execute(
            #"UPDATE saga_instance SET definition = repeat('f', 64) WHERE key = '"foreign"'"#)
    }

    fileprivate func mend() async throws {
        let database = try database("orchestrator")
        try await database.execute(
            """
            UPDATE saga_instance SET state = sound.state, definition = sound.definition
            FROM sound WHERE sound.id = saga_instance.id AND saga_instance.key <> '"sound"'
            """)
        try await database.execute("DROP TABLE sound")
    }

    /// The orchestrator's log says this as an error of the order's saga.
    fileprivate func expectToldOf(_ order: String, _ message: String) async throws {
        let saga = try #require(
            try await text("orchestrator", "SELECT id::text FROM saga_instance WHERE key = '\"' || \(order) || '\"'"))
        try await waitUntil("the log says of \(order) that \(message)") {
            keeper.log("orchestrator").split(separator: "\n").contains {
                $0.contains(message) && $0.contains(saga) && $0.contains(#""level":"error""#)
            }
        }
    }
}
