import Glibc

/// Messages to the person who waits, kept apart from the result on standard output.
enum Progress {
    static func say(_ text: String) {
        let line = Array((text + "\n").utf8)
        _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
