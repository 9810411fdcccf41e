import Glibc
import LocalServers
import Messaging
import Testing

/// What people are told to type does what they are told.
@Suite(.serialized, .timeLimit(.minutes(10))) struct StoryTests {
    @Test func theREADMEsCommandsWork() async throws {
        try await SkaldProcess.inOwnFolder { skald in
            let page = text(of: skald.project + "/README.md")
            let lines = page.components(between: "```sh\n", and: "```").flatMap { $0.split(separator: "\n") }
            let commands = lines.filter { $0.hasPrefix("skald ") }
            #expect(commands.count >= 12)
            // What builds and tests everything cannot run inside of a test; that it is there can be asked.
            let targets = lines.filter { $0.hasPrefix("make ") }.map { $0.prefix { $0 != "#" } }
            #expect(lines.count == commands.count + targets.count, "each line is run")
            for target in targets {
                let dry = try await skald.run(script: "make --dry-run \(target.dropFirst(5))")
                #expect(dry.isSuccess, "\(dry.output)")
            }
            let told = try await skald.run(script: commands.joined(separator: "\n"))
            #expect(told.isSuccess, "\(told.output)")
            #expect(told.output.contains("approved 1") && told.output.contains("rejected 1"))
            #expect(told.output.contains("MenuInvalid") && told.output.contains("undo: consumer.ReleaseSlot"))
            #expect(told.output.contains("audit clean"))
        }
    }

    @Test func theDemonstrationTellsTheStoryAndLeavesNothing() async throws {
        try await SkaldProcess.inOwnFolder { skald in
            mkdir(skald.home, 0o755)
            let told = try await skald.runDemonstration()
            #expect(told.isSuccess, "\(told.output)")
            #expect(told.output.contains("approved 8 · rejected 4"))
            #expect(told.output.contains("== approved") && told.output.contains("== rejected"))
            #expect(told.output.contains("CardDeclined") && told.output.contains("undo: kitchen.CancelTicket"))
            #expect(told.output.contains("audit clean: 12 orders, 12 sagas"))
            #expect(access(skald.home + "/demo", F_OK) != 0)
        }
    }

    @Test func whatIsStoredOutlivesTheServers() async throws {
        try await SkaldProcess.inOwnFolder { skald in
            let start = try await skald.run("up", "--detach")
            #expect(start.isSuccess, "\(start.output)")
            let followed = skald.home + ".followed"
            defer { unlink(followed) }
            let following = try await skald.started(
                [OwnProgram.neighbour("skald"), "logs", "orchestrator", "--follow"], log: followed)
            let first = try await skald.run("inject", "order.PlaceOrder", "--seed", "1", "--wait")
            #expect(first.isSuccess && first.output.contains("approved 1"), "\(first.output)")
            let keys = try await skald.run("saga", "list", "--keys").data.split(separator: "\n")
            let key = String(try #require(keys.first))
            let story = try await skald.run("saga", "show", key).data
            let id = try #require(story.split(whereSeparator: \.isWhitespace).first { $0.count == 36 }.map(String.init))
            _ = try await eventually("it is followed") { text(of: followed).contains(id) ? true : nil }
            // Messages in queues are stored, too: nobody is left to take this one.
            let order = try await Self.status(skald).services["order"]?.pid
            kill(try #require(order), SIGSTOP)
            #expect(try await skald.run("inject", "order.PlaceOrder", "--seed", "2").isSuccess)
            kill(try #require(order), SIGKILL)
            #expect(try await skald.run("down").isSuccess)

            #expect(try await skald.run("up", "--detach").isSuccess)
            #expect(try await skald.run("saga", "show", key).data == story)
            try await untilThere("the second order ends") {
                let approved = try await skald.run("saga", "list", "--outcome", "approved", "--keys").data
                return approved.split(separator: "\n").count == 2 ? true : nil
            }
            let third = try await skald.run("inject", "order.PlaceOrder", "--seed", "3", "--wait")
            #expect(third.isSuccess && third.output.contains("approved 1"), "\(third.output)")
            let audit = try await skald.run("audit")
            #expect(audit.isSuccess && audit.output.contains("3 orders, 3 sagas"), "\(audit.output)")
            kill(following.processID, SIGINT)
            #expect(try await eventually("nobody follows any more") { following.end } == "exit status 0")
            let newest = try await skald.run("saga", "list", "--keys").data.split(separator: "\n").first
            let thirdStory = try await skald.run("saga", "show", String(try #require(newest))).data
            let thirdID = try #require(thirdStory.split(whereSeparator: \.isWhitespace).first { $0.count == 36 })
            #expect(text(of: followed).contains(thirdID), "it follows a log beyond an end and a start")
        }
    }

    @Test func aPausedServiceHoldsItsCommandsUntilItGoesOn() async throws {
        try await SkaldProcess.inOwnFolder { skald in
            let start = try await skald.run("up", "--detach")
            #expect(start.isSuccess, "\(start.output)")
            #expect(try await skald.run("participant", "pause", "kitchen").exit == "exit status 2")
            let order = ["--reason", "stocktaking", "--by", "ann"]
            let type = try await skald.run(words: ["participant", "pause", "accounting", "AuthorizeCard"] + order)
            #expect(type.isSuccess, "\(type.output)")
            let paused = try await skald.run(words: ["participant", "pause", "kitchen"] + order)
            #expect(paused.isSuccess && paused.output.contains("kitchen is paused"), "\(paused.output)")
            let again = try await skald.run(words: ["participant", "pause", "kitchen", "--reason", "other"])
            #expect(again.output.contains("by ann: stocktaking"), "\(again.output)")
            // It holds once the service has read it.
            let status = try await untilThere("nobody takes the kitchen's commands") {
                let status = try await skald.run("status").output
                return status.contains("nobody listens on kitchen.commands") ? status : nil
            }
            #expect(status.contains("kitchen is paused since"), "\(status)")
            #expect(status.contains("accounting.AuthorizeCard at accounting is paused"), "\(status)")
            let known = try await skald.run("status", "--json").output
            #expect(known.contains(#""pauses":[{"reason":"stocktaking","scope":"*","since":"#), "\(known)")
            let resumed = try await skald.run("participant", "resume", "kitchen", "--reason", "counted")
            #expect(resumed.isSuccess && resumed.output.contains("kitchen goes on"), "\(resumed.output)")
            try await untilThere("the kitchen is back") { try await skald.run("status").isSuccess ? true : nil }

            // An order goes as far as the command that is held.
            let placing = Task { try await skald.run("inject", "order.PlaceOrder", "--wait") }
            let held = try await skald.storyOfTheOnlySaga(upTo: "accounting.AuthorizeCard")
            #expect(!held.contains("CardAuthorized"), "\(held)")
            let words = ["participant", "resume", "accounting", "accounting.AuthorizeCard", "--reason", "counted"]
            #expect(try await skald.run(words: words).isSuccess)
            let placed = try await placing.value
            #expect(placed.isSuccess && placed.output.contains("approved 1"), "\(placed.output)")
            #expect(try await skald.run("status").output.contains("paused") == false)
            let late = try await skald.run(words: words)
            #expect(late.exit == "exit status 1" && late.output.contains("is not paused"), "\(late.output)")
        }
    }

    @Test func badWeatherAndAKilledServiceCostNothing() async throws {
        try await SkaldProcess.inOwnFolder { skald in
            let start = try await skald.run("up", "--detach")
            #expect(start.isSuccess, "\(start.output)")
            let killed = try #require(try await Self.status(skald).services["accounting"]?.pid)
            let load = Task {
                try await skald.run(
                    "inject", "order.PlaceOrder", "--count", "150", "--seed", "7", "--rate", "25/s", "--duplicate",
                    "10%",
                    "--malformed", "5%", "--reorder", "--wait", "--json")
            }
            kill(killed, SIGKILL)
            let ended = try await load.value
            #expect(ended.isSuccess, "\(ended.output)")
            // It took long enough to say how far it is; that is not in what programs read.
            #expect(ended.messages.contains("sent"), "\(ended.messages)")
            let tally = try JSON.decode(Tally.self, from: Array(ended.data.utf8))
            #expect(tally.messages == 150 && tally.duplicates > 0 && tally.malformed > 0 && tally.running == 0)
            #expect(tally.outcomes.values.reduce(0, +) == 150 - tally.malformed)

            let after = try await Self.status(skald)
            #expect(after.services["accounting"]?.restarts == 1 && after.services["accounting"]?.pid != killed)
            let audit = try await skald.run("audit", "--dead", "\(tally.deadExpected)", "--settle", "60")
            #expect(audit.isSuccess, "\(audit.output)")
            // Without being told of the dead letters it must complain of just these.
            let strict = try await skald.run("audit", "--quick")
            #expect(strict.exit == "exit status 1" && strict.output.contains("FAIL I13"))
            #expect(try await skald.run("replay", "--from", "here").isSuccess)
        }
    }

    @Test func anOperatorsOrderIsKeptInTheHistory() async throws {
        try await SkaldProcess.inOwnFolder { skald in
            // Nobody authorises cards, so that sagas wait there.
            let start = try await skald.run(
                "up", "--detach", "--only", "order,consumer,kitchen,orchestrator")
            #expect(start.isSuccess, "\(start.output)")
            let sent = try await skald.run("inject", "order.PlaceOrder")
            #expect(sent.isSuccess, "\(sent.output)")
            let key = try await untilThere("a saga that waits for the card") { () async throws -> String? in
                let show = try await skald.run("saga", "list", "--keys").output.split(separator: "\n").first
                guard let show else { return nil }
                let text = try await skald.run("saga", "show", String(show)).output
                return text.contains("accounting.AuthorizeCard") ? String(show) : nil
            }
            let without = try await skald.run("saga", "compensate", key)
            #expect(without.exit == "exit status 2" && without.output.contains("needs its reason"))
            let retry = try await skald.run("saga", "retry", key, "--reason", "impatience")
            #expect(retry.exit == "exit status 1" && retry.output.contains("skald saga compensate"))
            let dry = try await skald.run("saga", "compensate", key, "--reason", "a test", "--dry-run")
            #expect(dry.isSuccess && dry.output.contains("would send accounting.ReverseAuthorization"))
            let order = try await skald.run("saga", "compensate", key, "--reason", "the guest left", "--by", "ann")
            #expect(order.isSuccess, "\(order.output)")
            let shown = try await skald.run("saga", "show", key).output
            #expect(shown.contains("ann orders compensate (the guest left)"))
        }
    }

    // MARK: What the tool prints for programs

    private struct Tally: Decodable {
        var messages: Int
        var duplicates: Int
        var malformed: Int
        var deadExpected: Int
        var running: Int
        var outcomes: [String: Int]

        private enum CodingKeys: String, CodingKey {
            case messages, duplicates, malformed, running, outcomes
            case deadExpected = "dead_expected"
        }
    }

    private struct Status: Decodable {
        struct Service: Decodable {
            var name: String
            var pid: Int32?
            var restarts: Int
        }

        private var all: [Service]
        var services: [String: Service] { Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) }) }

        private enum CodingKeys: String, CodingKey {
            case all = "services"
        }
    }

    private static func status(_ skald: SkaldProcess) async throws -> Status {
        try JSON.decode(Status.self, from: Array(try await skald.run("status", "--json").data.utf8))
    }
}

/// As `eventually`, for looks that take their time.
@discardableResult
func untilThere<Value>(
    within limit: Duration = .seconds(60), _ what: String, _ look: () async throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if let value = try await look() { return value }
        // Allowed (test-sleep): a pause between two looks, with a deadline around it.
        try await Task.sleep(for: .milliseconds(50))
    }
    throw NotInTime(what: what, limit: limit)
}

extension String {
    /// The parts that stand between two marks.
    fileprivate func components(between start: String, and end: String) -> [Substring] {
        var parts: [Substring] = []
        var rest = self[...]
        while let from = rest.firstRange(of: start) {
            rest = rest[from.upperBound...]
            guard let to = rest.firstRange(of: end) else { break }
            parts.append(rest[..<to.lowerBound])
            rest = rest[to.upperBound...]
        }
        return parts
    }
}
