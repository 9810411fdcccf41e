/// Walks over the characters of one scalar and knows the place of each.
struct WordScanner {
    private let characters: [Unicode.Scalar]
    private var index = 0
    private let start: Mark

    /// Places are counted on from the scalar's own; ``FoldedText`` finds those in a scalar of several lines.
    init(_ word: Located<String>) {
        characters = Array(word.value.unicodeScalars)
        start = word.mark
    }

    var isAtEnd: Bool { index >= characters.count }
    var mark: Mark { Mark(line: start.line, column: start.column + index) }
    var peek: Unicode.Scalar? { index < characters.count ? characters[index] : nil }

    /// Takes a character if it comes next.
    mutating func take(_ character: Character) -> Bool {
        guard let peek, Character(peek) == character else { return false }
        index += 1
        return true
    }

    /// Takes the text if it comes next.
    mutating func take(text: String) -> Bool {
        let wanted = Array(text.unicodeScalars)
        guard index + wanted.count <= characters.count, characters[index..<index + wanted.count].elementsEqual(wanted)
        else { return false }
        index += wanted.count
        return true
    }

    /// Takes the longest run of letters, digits, `_`, `-` and `.`; empty if none comes next.
    mutating func takeName() -> Located<String> {
        takeWhile { scalar in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_", "-", ".": true
            default: false
            }
        }
    }

    mutating func takeWhile(_ belongs: (Unicode.Scalar) -> Bool) -> Located<String> {
        let mark = mark
        var text = String.UnicodeScalarView()
        while let peek, belongs(peek) {
            text.append(peek)
            index += 1
        }
        return Located(String(text), at: mark)
    }

    mutating func skipSpaces() {
        while let peek, peek == " " || peek == "\n" || peek == "\t" { index += 1 }
    }
}
