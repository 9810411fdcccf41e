import Glibc
import LocalServers
import Testing

/// How `skald inject` ends before it has sent all.
@Suite(.serialized, .timeLimit(.minutes(5))) struct InjectionTests {
    private static let order =
        #"{"orderId":"${id}","consumerId":"ada","restaurantId":"roma","lines":[{"menuItemId":"pizza","quantity":1}]}"#

    @Test func itSaysWhatItSentBeforeItSaysWhatEndedIt() async throws {
        try await SkaldProcess.inOwnFolder { skald in
            let start = try await skald.run("up", "--detach", "--only", "servers")
            #expect(start.isSuccess, "\(start.output)")

            let bad = try await skald.run(
                script: "printf '%s\\n' '\(Self.order)' '\(Self.order)' '{}' | skald inject order.PlaceOrder -")
            #expect(bad.exit == "exit status 65" && bad.data.contains("sent 2 · confirmed 2 ·"), "\(bad.output)")
            #expect(bad.messages.contains("continue at line 3"), "\(bad.output)")

            // Nobody writes any more, and nobody has closed the pipe.
            let pipe = skald.home + ".lines"
            try #require(mkfifo(pipe, 0o600) == 0)
            defer { unlink(pipe) }
            let end = open(pipe, O_RDWR | O_CLOEXEC)
            try #require(end >= 0)
            defer { close(end) }
            let lines = Array("\(Self.order)\n\(Self.order)\n\(Self.order)\n".utf8)
            try #require(write(end, lines, lines.count) == lines.count)
            let idle = try await skald.interrupted(
                ["order.PlaceOrder", "--file", pipe], once: "sent 3 · confirmed 3")
            #expect(idle.exit == "exit status 130" && idle.data.contains("sent 3 · confirmed 3 ·"), "\(idle.output)")

            // A batch is always on the wire.
            let load = try await skald.interrupted(
                ["order.PlaceOrder", "--bare", "--count", "100000000", "--json"], once: "sent")
            #expect(load.exit == "exit status 130", "\(load.output)")
            #expect(load.data.contains(#""failed":0,"#) && load.data.contains(#""unknown":0}"#), "\(load.output)")
        }
    }
}

extension SkaldProcess {
    /// Runs `skald inject` until it has said this, and then tells it Ctrl-C.
    fileprivate func interrupted(_ words: [String], once text: String) async throws -> ToolRun {
        let (data, messages) = (home + ".out", home + ".err")
        defer {
            unlink(data)
            unlink(messages)
        }
        let process = try await started(
            [OwnProgram.neighbour("skald"), "inject"] + words, log: messages, output: data)
        _ = try await eventually("inject says `\(text)`") {
            EndToEndTests.text(of: messages).contains(text) ? true : nil
        }
        process.send(SIGINT)
        let end = try await eventually("inject ends") { process.end }
        return ToolRun(exit: end, data: EndToEndTests.text(of: data), messages: EndToEndTests.text(of: messages))
    }
}
