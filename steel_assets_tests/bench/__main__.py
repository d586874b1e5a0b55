"""Everything that ``make bench`` measures, subject by subject."""

from steel_assets_tests.bench import river, service, training, yardstick

if __name__ == "__main__":
    river.main()
    service.main()
    training.main()
    yardstick.main()
