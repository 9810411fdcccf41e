import Glibc
import Testing

/// A folder of definitions in which `create-order` has a second version.
struct Definitions {
    let path: String

    /// Copies the shipped files.
    ///
    /// - Parameter change: what becomes of the text of `create-order`, besides its version.
    static func changed(_ change: (String) -> String) throws -> Definitions {
        var template = Array("/tmp/skald-definitions-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try #require(mkdir(path + "/participants", 0o755) == 0)
        chmod(path, 0o755)
        for name in ["order", "consumer", "kitchen", "accounting"] {
            let file = "/participants/\(name).participant.yaml"
            try write(read(Town.root + "/sagas" + file), to: path + file)
        }
        for name in ["create-order", "cancel-order", "revise-order"] {
            var text = try read("\(Town.root)/sagas/\(name).saga.yaml")
            if name == "create-order" {
                let changed = change(text.replacing("deadline: PT15M", with: "deadline: PT16M"))
                try #require(changed != text)
                text = changed.replacing("version: 1\n", with: "version: 2\n")
            }
            try write(text, to: "\(path)/\(name).saga.yaml")
        }
        return Definitions(path: path)
    }

    func remove() {
        for name in ["order", "consumer", "kitchen", "accounting"] {
            unlink("\(path)/participants/\(name).participant.yaml")
        }
        for name in ["create-order", "cancel-order", "revise-order"] { unlink("\(path)/\(name).saga.yaml") }
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
