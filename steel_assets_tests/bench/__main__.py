"""Everything that ``make bench`` measures, subject by subject."""

from steel_assets_tests.bench import anomalies, markets, river, service, training, yardstick

if __name__ == "__main__":
    anomalies.main()
    river.main()
    markets.main()
    service.main()
    training.main()
    yardstick.main()
