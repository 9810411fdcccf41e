import Participant

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

let program = ServiceProgram("order", migrations: OrderMigrations.all)
exit(
    await program.run { configuration in
        try Participant(configuration, handlers: OrderCommands(rules: OrderRules()).handlers)
    })
