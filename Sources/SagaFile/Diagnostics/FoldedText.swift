/// Finds the places of characters in text that goes over several lines of a file.
///
/// YAML joins such lines into one text before anybody looks at it, so what stands in it is counted on from where it
/// begins, as if it were all on one line: from its first character, or from behind the `>` or `|` of a block. This takes
/// the count back to the line and column that an editor shows.
struct FoldedText {
    private let file: SourceFile

    init(_ file: SourceFile) {
        self.file = file
    }

    /// The diagnostics, each at the place where its character really stands.
    func placed(_ diagnostics: [Diagnostic]) -> [Diagnostic] {
        // Most files are sound, and are not looked at again.
        if diagnostics.isEmpty { return [] }
        let lines = file.bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Line.init)
        return diagnostics.map { diagnostic in
            var diagnostic = diagnostic
            if diagnostic.code != .yamlSyntax { diagnostic.mark = Self.place(of: diagnostic.mark, in: lines) }
            return diagnostic
        }
    }

    private static func place(of mark: Mark, in lines: [Line]) -> Mark {
        guard lines.indices.contains(mark.line - 1) else { return mark }
        let first = lines[mark.line - 1]
        // How many characters of the text stand on the lines that follow, before the one that is looked for.
        var rest: Int
        if let header = first.blockHeader {
            rest = mark.column - 1 - header - 1
        } else {
            rest = mark.column - 1 - first.end - 1
        }
        guard rest >= 0 else { return mark }
        for index in mark.line..<max(mark.line, lines.count) {
            let line = lines[index]
            if rest < line.end - line.indent { return Mark(line: index + 1, column: line.indent + rest + 1) }
            // The line's end was one character of the text, a space.
            rest -= max(line.end - line.indent, 0) + 1
            if rest < 0 { break }
        }
        return mark
    }

    /// A line of the file, in characters.
    private struct Line {
        let indent: Int
        /// Where its last character ends, trailing spaces left out.
        let end: Int
        /// Where the `>` or `|` stands that begins text on the lines below.
        let blockHeader: Int?

        init(_ bytes: ArraySlice<UInt8>) {
            let characters = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
            let isBlank: (Unicode.Scalar) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r" }
            end = (characters.lastIndex { !isBlank($0) } ?? -1) + 1
            indent = characters.prefix { $0 == " " }.count
            let word = characters[..<end].lastIndex(of: " ").map { $0 + 1 } ?? 0
            let isHeader =
                word < end && (characters[word] == ">" || characters[word] == "|")
                && characters[(word + 1)..<end].allSatisfy { "+-123456789".unicodeScalars.contains($0) }
            let before = characters[..<word].last { !isBlank($0) }
            blockHeader = isHeader && (before == ":" || before == "-") ? word : nil
        }
    }
}
