import Participant

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

let program = ServiceProgram("accounting", migrations: AccountingMigrations.all)
exit(
    await program.run { configuration in
        try Participant(configuration, handlers: AccountingCommands(now: ServiceProgram.now).handlers)
    })
