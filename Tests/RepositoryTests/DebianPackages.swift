import Foundation

/// The Debian packages the project says it needs, in its three places.
enum DebianPackages {
    /// Those `make deps` installs.
    static func inMakefile(_ text: String) -> Set<String> {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(where: { $0.hasPrefix("DEBIAN_PACKAGES") }) else { return [] }
        var words: [Substring] = []
        for line in lines[start...] {
            words += line.split { $0 == " " || $0 == "\t" || $0 == "\\" }
            if !line.hasSuffix("\\") { break }
        }
        return Set(words.drop { $0 == "DEBIAN_PACKAGES" || $0 == ":=" }.map(String.init))
    }

    /// Those in the first column of the README's table of Debian packages.
    static func inREADME(_ text: String) -> Set<String> {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(where: { $0.hasPrefix("| Debian package") }) else { return [] }
        let rows = lines[(start + 1)...].prefix { $0.hasPrefix("|") }
        let columns = rows.compactMap { $0.split(separator: "|").first }
        return Set(columns.flatMap { backquoted(in: String($0)) })
    }

    /// Those the C doors in `Package.swift` ask for.
    static func inManifest(_ text: String) -> Set<String> {
        let lists = text.components(separatedBy: ".apt([").dropFirst().map { $0.prefix { $0 != "]" } }
        return Set(lists.flatMap { $0.split(separator: "\"").filter { $0.first?.isLetter == true } }.map(String.init))
    }

    private static func backquoted(in text: String) -> [String] {
        text.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }
            .map { String($0.element) }
    }
}
