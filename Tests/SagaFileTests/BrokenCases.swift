import SagaFile

/// Reads `Broken/*.cases`: blocks of `[code line, …] name`, then the lines taken out (`-`) and put in (`+`).
///
/// In the lines put in, `\u{…}` stands for a character and `\x{…}` for a byte. A block without `-` replaces the file.
enum BrokenCases {
    struct FormatError: Error {
        let message: String
    }

    /// Codes that need more than one saga file, a scenario or a disk: other suites show them.
    static let shownElsewhere = [
        "file-unreadable", "file-too-large", "too-many-nodes", "scalar-too-long", "too-many-steps",
        "too-many-participants", "unknown-saga",
        "duplicate-participant", "duplicate-saga", "version-reused", "step-removed", "unknown-outcome",
        "command-not-sent", "json-syntax", "history-format",
    ]

    static func all() throws -> [BrokenCase] {
        try ["base.saga.yaml", "shop.participant.yaml"].flatMap { file in
            let list = file.split(separator: ".").dropLast().joined(separator: ".") + ".cases"
            return try cases(of: file, in: try Base.text(list))
        }
    }

    private static func cases(of file: String, in text: String) throws -> [BrokenCase] {
        var cases: [BrokenCase] = []
        var lines = text.split(separator: "\n", omittingEmptySubsequences: true)[...]
        while let head = lines.popFirst() {
            if head.hasPrefix("#") { continue }
            guard head.hasPrefix("["), let end = head.firstIndex(of: "]") else {
                throw FormatError(message: "no head: \(head)")
            }
            let expected = head[head.index(after: head.startIndex)..<end].split(separator: ",")
            func take(_ sign: String) -> [String] {
                var taken: [String] = []
                while let line = lines.first, line.hasPrefix(sign) {
                    taken.append(String(line.dropFirst(2)))
                    lines.removeFirst()
                }
                return taken
            }
            let (removed, added) = (take("-"), take("+"))
            cases.append(
                BrokenCase(
                    name: String(head[head.index(after: end)...].drop { $0 == " " }), file: file,
                    expected: expected.map { String($0.drop { $0 == " " }) }, removed: removed, added: added))
        }
        return cases
    }

    static func bytes(of broken: BrokenCase) throws -> [UInt8] {
        let added = broken.added.map(unescaped)
        if broken.removed.isEmpty { return Array(added.joined(separator: [UInt8(ascii: "\n")])) + [UInt8(ascii: "\n")] }
        var lines = try Base.text(broken.file).split(separator: "\n", omittingEmptySubsequences: false).map {
            Array($0.utf8)
        }
        let removed = broken.removed.map { Array($0.utf8) }
        let starts = lines.indices.filter { lines[$0...].starts(with: removed) }
        guard starts.count == 1 else {
            throw FormatError(
                message: "\(broken.name): the lines taken out stand \(starts.count) times in \(broken.file)")
        }
        lines.replaceSubrange(starts[0]..<starts[0] + removed.count, with: added)
        return Array(lines.joined(separator: [UInt8(ascii: "\n")]))
    }

    private static func unescaped(_ line: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = line[...]
        while let character = rest.popFirst() {
            guard character == "\\", let kind = rest.first, kind == "u" || kind == "x",
                rest.dropFirst().first == "{", let end = rest.firstIndex(of: "}"),
                let number = UInt32(rest[rest.index(rest.startIndex, offsetBy: 2)..<end], radix: 16)
            else {
                bytes += Array(String(character).utf8)
                continue
            }
            if kind == "x" {
                bytes.append(UInt8(truncatingIfNeeded: number))
            } else if let scalar = Unicode.Scalar(number) {
                bytes += Array(String(Character(scalar)).utf8)
            }
            rest = rest[rest.index(after: end)...]
        }
        return bytes
    }
}
