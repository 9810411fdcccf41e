import Foundation
import Testing

@Suite struct FormatTests {
    @Test func everythingIsFormatted() throws {
        let (status, output) = try lint(["Sources", "Tests", "Package.swift"], in: Repository.root)
        #expect(status == 0, "\(output)\nrepair: swift format -i -r Sources Tests Package.swift")
    }

    @Test func findsPlantedDisorder() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "skald-format-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let rules = try String(contentsOfFile: "\(Repository.root)/.swift-format", encoding: .utf8)
        try rules.write(to: folder.appending(path: ".swift-format"), atomically: true, encoding: .utf8)
        try "func f( ){}\n".write(to: folder.appending(path: "A.swift"), atomically: true, encoding: .utf8)
        #expect(try lint(["A.swift"], in: folder.path).status != 0)
    }

    private func lint(_ paths: [String], in folder: String) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["swift", "format", "lint", "--strict", "--parallel", "--recursive"] + paths
        process.currentDirectoryURL = URL(filePath: folder)
        process.standardInput = FileHandle.nullDevice
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
