import Glibc
import Testing

@testable import LocalServers

@Suite struct ServerLogTests {
    private func append(_ text: String, to path: String) throws {
        let file = try #require(fopen(path, "ae"))
        fputs(text, file)
        fclose(file)
    }

    @Test func onlyWhatAStartWroteIsQuoted() throws {
        let path = "/tmp/skald-log-\(ServerFolder.randomName())"
        defer { unlink(path) }
        let first = try ServerLog(beforeStart: path)
        #expect(first.text == "")
        try append("one\ntwo\n", to: path)
        #expect(first.text == "one\ntwo\n" && first.lastLines(1) == "two")
        let second = try ServerLog(beforeStart: path)
        try append("three\n", to: path)
        #expect(second.text == "three\n")
    }

    @Test func aLargeLogBecomesTheOlderPart() throws {
        let path = "/tmp/skald-log-\(ServerFolder.randomName())"
        defer { for path in [path, path + ".1"] { unlink(path) } }
        try append("large", to: path)
        _ = try ServerLog(beforeStart: path, byteCountMax: 5)
        #expect(readFile(path) == "large")
        let log = try ServerLog(beforeStart: path, byteCountMax: 4)
        #expect(readFile(path) == nil && readFile(path + ".1") == "large")
        try append("new", to: path)
        #expect(log.text == "new")
    }
}
