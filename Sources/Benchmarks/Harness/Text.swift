extension String {
    /// Lower-case letters and digits joined by single underscores, a letter first.
    var isSnakeCase: Bool {
        let words = split(separator: "_", omittingEmptySubsequences: false)
        guard let first = first, first.isASCII, first.isLowercase else { return false }
        return words.allSatisfy { word in
            !word.isEmpty && word.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber) }
        }
    }

    /// Filled with spaces on the right.
    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }

    /// Filled with spaces on the left, as numbers in a column are.
    func aligned(to width: Int) -> String {
        String(repeating: " ", count: max(0, width - count)) + self
    }
}

extension Double {
    /// The value rounded to four significant digits: more would be noise.
    var shortText: String {
        guard self != 0, isFinite else { return "0" }
        var scale = 1.0
        var magnitude = abs(self)
        while magnitude < 1_000 && scale < 1e12 {
            magnitude *= 10
            scale *= 10
        }
        let rounded = (self * scale).rounded() / scale
        return rounded == rounded.rounded() && abs(rounded) < 1e15 ? String(Int(rounded)) : "\(rounded)"
    }
}
