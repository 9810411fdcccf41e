import Glibc
import Testing

/// A folder of definitions for one test, with the participants that are shipped.
struct Definitions {
    let path: String
    private let sagas: [String]

    private static let participants = ["order", "consumer", "kitchen", "accounting"]

    private init(_ sagas: [String: String]) throws {
        var template = Array("/tmp/skald-definitions-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        self.sagas = Array(sagas.keys)
        try #require(mkdir(path + "/participants", 0o755) == 0)
        chmod(path, 0o755)
        for name in Self.participants {
            let file = "/participants/\(name).participant.yaml"
            try Self.write(Self.read(Town.root + "/sagas" + file), to: path + file)
        }
        for (name, text) in sagas { try Self.write(text, to: "\(path)/\(name).saga.yaml") }
    }

    /// A folder with one saga alone.
    static func only(_ text: String, named name: String) throws -> Definitions { try Definitions([name: text]) }

    /// The shipped sagas, with a second version of `create-order`.
    ///
    /// - Parameter change: what becomes of the text of `create-order`, besides its version.
    static func changed(_ change: (String) -> String) throws -> Definitions {
        var sagas: [String: String] = [:]
        for name in ["create-order", "cancel-order", "revise-order"] {
            sagas[name] = try read("\(Town.root)/sagas/\(name).saga.yaml")
        }
        let text = try #require(sagas["create-order"]).replacing("deadline: PT15M", with: "deadline: PT16M")
        let changed = change(text)
        try #require(changed != sagas["create-order"])
        sagas["create-order"] = changed.replacing("version: 1\n", with: "version: 2\n")
        return try Definitions(sagas)
    }

    func remove() {
        for name in Self.participants { unlink("\(path)/participants/\(name).participant.yaml") }
        for name in sagas { unlink("\(path)/\(name).saga.yaml") }
        rmdir(path + "/participants")
        rmdir(path)
    }

    private static func read(_ path: String) throws -> String {
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func write(_ text: String, to path: String) throws {
        let file = try #require(fopen(path, "w"))
        let bytes = Array(text.utf8)
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }
}
