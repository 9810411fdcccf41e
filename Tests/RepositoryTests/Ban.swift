import Foundation

/// Something that is not written here, and what is written in its place.
struct Ban: Sendable {
    /// Which part of a file is searched. Only Swift files are taken apart; in others everything counts.
    enum Part: Sendable {
        case code
        case everything
    }

    var name: String
    /// Found where they stand as whole words.
    var words: [String]
    var part = Part.code
    var instead: String
    var applies: @Sendable (TextFile) -> Bool = { $0.isSwift }
    /// Whether a place is in order all the same, from the lines of the file and the index of the one in question.
    var isInOrder: @Sendable (_ lines: [Substring], _ index: Int) -> Bool = { _, _ in false }

    /// Every place where the file holds one of the words.
    ///
    /// A place is let off by a comment on the line or the one above: `Allowed (name): reason`.
    func violations(in file: TextFile) -> [Violation] {
        // Most files hold none of the words: looking once saves looking at every line.
        guard applies(file), words.contains(where: { file.text.contains($0) }) else { return [] }
        let searched = part == .code ? file.swift?.code : nil
        return file.lines.indices.compactMap { index in
            let line = searched?[index] ?? String(file.lines[index])
            guard words.contains(where: { Self.holds(line, $0) }) else { return nil }
            if isAllowed(file.lines, index) || isInOrder(file.lines, index) { return nil }
            return Violation(path: file.path, line: index + 1, rule: name, remedy: instead)
        }
    }

    private func isAllowed(_ lines: [Substring], _ index: Int) -> Bool {
        lines[max(0, index - 1)...index].contains { $0.contains("Allowed (\(name)): ") }
    }

    /// Whether `line` holds `word` with no letter joined to either end of it.
    static func holds(_ line: String, _ word: String) -> Bool {
        var start = line.startIndex
        while let range = line.range(of: word, range: start..<line.endIndex) {
            let before = range.lowerBound == line.startIndex ? nil : line[line.index(before: range.lowerBound)]
            let after = range.upperBound == line.endIndex ? nil : line[range.upperBound]
            let isFreeBefore = !isWordCharacter(word.first) || !isWordCharacter(before)
            let isFreeAfter = !isWordCharacter(word.last) || !isWordCharacter(after)
            if isFreeBefore && isFreeAfter { return true }
            start = range.upperBound
        }
        return false
    }

    private static func isWordCharacter(_ character: Character?) -> Bool {
        guard let character else { return false }
        return character.isLetter || character.isNumber || character == "_"
    }
}
