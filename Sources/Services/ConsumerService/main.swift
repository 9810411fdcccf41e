import Participant

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

let program = ServiceProgram("consumer", migrations: ConsumerMigrations.all)
exit(
    await program.run { configuration in
        let rules = ConsumerRules(
            dailyCountMax: try ServiceProgram.number("CONSUMER_DAILY_COUNT_MAX", 5, in: 0...1_000_000),
            itemCountMax: try ServiceProgram.number("CONSUMER_ITEM_COUNT_MAX", 10, in: 1...1_000_000))
        return try Participant(configuration, handlers: ConsumerCommands(rules: rules).handlers)
    })
