#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension Console {
    /// The console of this process.
    ///
    /// - Parameter isPlain: whether `--no-color` was given.
    static func process(isPlain: Bool) -> Console {
        Console(
            output: .descriptor(STDOUT_FILENO, isPlain: isPlain),
            messages: .descriptor(STDERR_FILENO, isPlain: isPlain),
            now: { ContinuousClock.now })
    }
}

extension Stream {
    fileprivate static func descriptor(_ descriptor: Int32, isPlain: Bool) -> Stream {
        let isTerminal = isatty(descriptor) == 1
        return Stream(
            isTerminal: isTerminal,
            style: Style(
                isColored: !isPlain && ColorWish(environment: variable).allows(isTerminal: isTerminal)),
            columnCount: columnCount(of: descriptor)
        ) { text throws(OutputClosed) in
            try write(Array(text.utf8), to: descriptor)
        }
    }

    /// `COLUMNS` if it is a sensible number, else the terminal's width, else 100.
    private static func columnCount(of descriptor: Int32) -> Int {
        if let wish = variable("COLUMNS").flatMap({ Int($0) }), (20...1000).contains(wish) { return wish }
        var size = winsize()
        if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col >= 20 { return Int(size.ws_col) }
        return 100
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) throws(OutputClosed) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress?.advanced(by: sent), bytes.count - sent)
            }
            if count >= 0 {
                sent += count
            } else if errno == EAGAIN {
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&waiting, 1, -1)
            } else if errno != EINTR {
                throw OutputClosed()
            }
        }
    }
}

/// Returns an environment variable; an empty one counts as absent.
func variable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
}

/// What the environment says about colours (no-color.org and its counterpart).
struct ColorWish {
    let environment: (String) -> String?

    func allows(isTerminal: Bool) -> Bool {
        if environment("NO_COLOR") != nil { return false }
        if environment("FORCE_COLOR") != nil { return true }
        return isTerminal && environment("TERM") != "dumb"
    }
}
