/// How long files and functions are.
struct Lengths {
    /// A file past this holds a second idea for certain: the longest machine in the code we learn from, halved.
    static let fileLineCountMax = 700
    /// A function past this cannot be read at once on any screen.
    static let functionLineCountMax = 120

    struct Function: Equatable {
        var path: String
        var line: Int
        var lineCount: Int
    }

    var files: [(path: String, lineCount: Int)]
    var functions: [Function]

    init(_ files: [TextFile]) {
        self.files = files.map { ($0.path, $0.lines.count) }.sorted { $0.1 < $1.1 }
        functions = files.flatMap(Self.functions).sorted { $0.lineCount < $1.lineCount }
    }

    var violations: [Violation] {
        files.filter { $0.lineCount > Self.fileLineCountMax }.map {
            Violation(path: $0.path, rule: "length", remedy: "\($0.lineCount) lines: look for the second idea in it")
        }
            + functions.filter { $0.lineCount > Self.functionLineCountMax }.map {
                Violation(
                    path: $0.path, line: $0.line, rule: "length",
                    remedy: "a function of \($0.lineCount) lines: look for the second idea in it")
            }
    }

    /// Median, nine in ten, longest.
    var report: String {
        func row(_ name: String, _ counts: [Int], _ longest: String) -> String {
            guard !counts.isEmpty else { return "\(name): none" }
            let ninth = counts[min(counts.count - 1, counts.count * 9 / 10)]
            return "\(counts.count) \(name): median \(counts[counts.count / 2]) lines, nine in ten up to \(ninth), "
                + "longest \(counts[counts.count - 1]) (\(longest))"
        }
        let file = files.last?.path ?? ""
        let function = functions.last.map { "\($0.path):\($0.line)" } ?? ""
        return row("files", files.map(\.lineCount), file) + "\n"
            + row("functions", functions.map(\.lineCount), function)
    }

    /// Every function and initialiser with a body, nested ones too.
    static func functions(in file: TextFile) -> [Function] {
        let lines = file.swift?.code ?? []
        return lines.indices.compactMap { index in
            guard ["func", "init"].contains(where: { lines[index].contains($0) && isDeclaration(lines[index], $0) })
            else {
                return nil
            }
            guard let count = lineCountOfBody(lines, from: index) else { return nil }
            return Function(path: file.path, line: index + 1, lineCount: count)
        }
    }

    private static func isDeclaration(_ line: String, _ keyword: String) -> Bool {
        let words = line.split { $0 == " " }
        guard let index = words.firstIndex(where: { $0.prefix { $0.isLetter } == keyword }) else { return false }
        return words[..<index].allSatisfy { $0.allSatisfy { $0.isLetter || "@()_".contains($0) } && $0 != "return" }
            && (keyword == "func" || words[index].contains("("))
    }

    /// The lines from the opening brace to the closing one, or nil when the declaration has no body.
    private static func lineCountOfBody(_ lines: [String], from start: Int) -> Int? {
        var braces = 0
        var parentheses = 0
        var opening: Int?
        for index in start..<lines.count {
            for character in lines[index] {
                switch character {
                case "(": parentheses += 1
                case ")": parentheses -= 1
                case "{" where parentheses == 0 || opening != nil:
                    braces += 1
                    opening = opening ?? index
                case "}" where opening != nil:
                    braces -= 1
                    if braces == 0, let opening { return index - opening + 1 }
                case "}" where parentheses == 0: return nil
                default: break
                }
            }
            // Without an open parenthesis and a brace by now, the declaration ended (a requirement of a protocol).
            if opening == nil && parentheses == 0 && index + 1 < lines.count && !continues(lines[index + 1]) {
                return nil
            }
        }
        return nil
    }

    private static func continues(_ line: String) -> Bool {
        let text = line.drop { $0 == " " }
        return ["{", ")", "->", "where", "async", "throws", "rethrows"].contains { text.hasPrefix($0) }
    }
}
