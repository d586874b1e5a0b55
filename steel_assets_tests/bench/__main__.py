"""Everything that ``make bench`` measures, subject by subject."""

from steel_assets_tests.bench import river, service, yardstick

if __name__ == "__main__":
    river.main()
    service.main()
    yardstick.main()
