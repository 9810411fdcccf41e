#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

// A closed pipe is an error of a write and no reason to die before cleaning up.
signal(SIGPIPE, SIG_IGN)
// Before there is a second thread, for which changes of the environment are no good.
LibpqVariables.forget()
let words = Array(Swift.CommandLine.arguments.dropFirst())
let console = Console.process(isPlain: words.contains("--no-color"))
exit(await Tool().run(words, console).rawValue)
