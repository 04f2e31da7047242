extension TimeZoneTable {
    /// The names of the IANA database (2025b), with the rules that have been in force since 2010 or later. Zones whose
    /// daylight saving follows the moon, or is half an hour or two hours, are missing.
    static let zones: [Zone] = [
        Zone("Etc/GMT+12", -720),
        Zone("Etc/GMT+11", -660),
        Zone("Pacific/Midway Pacific/Niue Pacific/Pago_Pago Pacific/Samoa US/Samoa", -660, since: 0),
        Zone("Etc/GMT+10 HST", -600),
        Zone("Pacific/Honolulu Pacific/Johnston Pacific/Tahiti US/Hawaii", -600, since: 0),
        Zone("Pacific/Rarotonga", -600, since: 667_992_600),
        Zone("America/Adak America/Atka US/Aleutian", -600, .unitedStates, since: 530_708_400),
        Zone("Pacific/Marquesas", -570, since: 0),
        Zone("Etc/GMT+9", -540),
        Zone("Pacific/Gambier", -540, since: 0),
        Zone(
            """
            America/Anchorage America/Juneau America/Nome America/Sitka America/Yakutat US/Alaska
            """, -540, .unitedStates, since: 530_704_800),
        Zone("America/Metlakatla", -540, .unitedStates, since: 1_547_978_400),
        Zone("Etc/GMT+8", -480),
        Zone("Pacific/Pitcairn", -480, since: 893_665_800),
        Zone(
            """
            America/Los_Angeles America/Vancouver Canada/Pacific PST8PDT US/Pacific
            """, -480, .unitedStates, since: 530_701_200),
        Zone(
            """
            America/Ensenada America/Santa_Isabel America/Tijuana Mexico/BajaNorte
            """, -480, .unitedStates, since: 1_257_066_000),
        Zone("America/Creston America/Phoenix US/Arizona", -420, since: 0),
        Zone("Etc/GMT+7 MST", -420),
        Zone("America/Dawson_Creek", -420, since: 73_476_000),
        Zone("America/Hermosillo", -420, since: 909_302_400),
        Zone("America/Fort_Nelson", -420, since: 1_425_808_800),
        Zone("America/Dawson America/Whitehorse Canada/Yukon", -420, since: 1_583_661_600),
        Zone("America/Mazatlan Mexico/BajaSur", -420, since: 1_667_116_800),
        Zone(
            """
            America/Boise America/Denver America/Edmonton America/Inuvik America/Shiprock America/Yellowknife \
            Canada/Mountain MST7MDT Navajo US/Mountain
            """, -420, .unitedStates, since: 530_697_600),
        Zone("America/Cambridge_Bay", -420, .unitedStates, since: 986_115_600),
        Zone("America/Ciudad_Juarez", -420, .unitedStates, since: 1_669_788_000),
        Zone("Chile/EasterIsland Pacific/Easter", -360, .chile, since: 1_662_868_800),
        Zone("America/Regina Canada/Saskatchewan", -360, since: 0),
        Zone("Etc/GMT+6", -360),
        Zone("America/Swift_Current", -360, since: 73_472_400),
        Zone("America/Belize", -360, since: 413_874_000),
        Zone("America/El_Salvador", -360, since: 591_166_800),
        Zone("America/Costa_Rica", -360, since: 700_635_600),
        Zone("Pacific/Galapagos", -360, since: 728_888_400),
        Zone("America/Tegucigalpa", -360, since: 1_154_926_800),
        Zone("America/Guatemala", -360, since: 1_159_678_800),
        Zone("America/Managua", -360, since: 1_159_682_400),
        Zone("America/Chihuahua", -360, since: 1_648_976_400),
        Zone("America/Bahia_Banderas America/Merida America/Monterrey", -360, since: 1_667_113_200),
        Zone(
            "America/Mexico_City Mexico/General", -360, since: 1_667_113_200,
            before: [
                Shift(1_262_304_000, -360), Shift(1_270_368_000, -300), Shift(1_288_508_400, -360),
                Shift(1_301_817_600, -300), Shift(1_319_958_000, -360), Shift(1_333_267_200, -300),
                Shift(1_351_407_600, -360), Shift(1_365_321_600, -300), Shift(1_382_857_200, -360),
                Shift(1_396_771_200, -300), Shift(1_414_306_800, -360), Shift(1_428_220_800, -300),
                Shift(1_445_756_400, -360), Shift(1_459_670_400, -300), Shift(1_477_810_800, -360),
                Shift(1_491_120_000, -300), Shift(1_509_260_400, -360), Shift(1_522_569_600, -300),
                Shift(1_540_710_000, -360), Shift(1_554_624_000, -300), Shift(1_572_159_600, -360),
                Shift(1_586_073_600, -300), Shift(1_603_609_200, -360), Shift(1_617_523_200, -300),
                Shift(1_635_663_600, -360), Shift(1_648_972_800, -300),
            ]),
        Zone("America/Chicago America/Menominee CST6CDT US/Central", -360, .unitedStates, since: 530_694_000),
        Zone("America/North_Dakota/Center", -360, .unitedStates, since: 719_996_400),
        Zone("America/Rankin_Inlet", -360, .unitedStates, since: 986_112_000),
        Zone("America/North_Dakota/New_Salem", -360, .unitedStates, since: 1_067_151_600),
        Zone("America/Rainy_River America/Winnipeg Canada/Central", -360, .unitedStates, since: 1_130_659_200),
        Zone(
            """
            America/Indiana/Knox America/Indiana/Tell_City America/Knox_IN US/Indiana-Starke
            """, -360, .unitedStates, since: 1_143_964_800),
        Zone("America/Resolute", -360, .unitedStates, since: 1_173_600_000),
        Zone("America/Matamoros", -360, .unitedStates, since: 1_257_058_800),
        Zone(
            "America/North_Dakota/Beulah", -360, .unitedStates, since: 1_289_113_200,
            before: [
                Shift(1_262_304_000, -420), Shift(1_268_557_200, -360),
            ]),
        Zone("America/Ojinaga", -360, .unitedStates, since: 1_667_718_000),
        Zone(
            "America/Havana Cuba", -300, .cuba, since: 1_352_005_200,
            before: [
                Shift(1_262_304_000, -300), Shift(1_268_542_800, -240), Shift(1_288_501_200, -300),
                Shift(1_300_597_200, -240), Shift(1_321_160_400, -300), Shift(1_333_256_400, -240),
            ]),
        Zone("America/Atikokan America/Cayman America/Coral_Harbour America/Panama", -300, since: 0),
        Zone("EST Etc/GMT+5", -300),
        Zone("America/Jamaica Jamaica", -300, since: 436_341_600),
        Zone("America/Guayaquil", -300, since: 728_884_800),
        Zone("America/Bogota", -300, since: 729_057_600),
        Zone("America/Lima", -300, since: 765_172_800),
        Zone(
            """
            America/Eirunepe America/Porto_Acre America/Rio_Branco Brazil/Acre
            """, -300, since: 1_384_056_000,
            before: [
                Shift(1_262_304_000, -240)
            ]),
        Zone(
            "America/Cancun", -300, since: 1_422_777_600,
            before: [
                Shift(1_262_304_000, -360), Shift(1_270_368_000, -300), Shift(1_288_508_400, -360),
                Shift(1_301_817_600, -300), Shift(1_319_958_000, -360), Shift(1_333_267_200, -300),
                Shift(1_351_407_600, -360), Shift(1_365_321_600, -300), Shift(1_382_857_200, -360),
                Shift(1_396_771_200, -300), Shift(1_414_306_800, -360),
            ]),
        Zone(
            """
            America/Detroit America/Kentucky/Louisville America/Louisville America/Montreal America/Nassau \
            America/New_York America/Nipigon America/Thunder_Bay America/Toronto Canada/Eastern EST5EDT US/Eastern \
            US/Michigan
            """, -300, .unitedStates, since: 530_690_400),
        Zone(
            """
            America/Iqaluit America/Kentucky/Monticello America/Pangnirtung
            """, -300, .unitedStates, since: 972_799_200),
        Zone(
            """
            America/Fort_Wayne America/Indiana/Indianapolis America/Indiana/Marengo America/Indiana/Vevay \
            America/Indianapolis US/East-Indiana
            """, -300, .unitedStates, since: 1_130_652_000),
        Zone("America/Indiana/Winamac", -300, .unitedStates, since: 1_173_600_000),
        Zone("America/Indiana/Petersburg America/Indiana/Vincennes", -300, .unitedStates, since: 1_194_156_000),
        Zone(
            "America/Port-au-Prince", -300, .unitedStates, since: 1_478_412_000,
            before: [
                Shift(1_262_304_000, -300), Shift(1_331_449_200, -240), Shift(1_352_008_800, -300),
                Shift(1_362_898_800, -240), Shift(1_383_458_400, -300), Shift(1_394_348_400, -240),
                Shift(1_414_908_000, -300), Shift(1_425_798_000, -240), Shift(1_446_357_600, -300),
            ]),
        Zone("America/Grand_Turk", -300, .unitedStates, since: 1_520_751_600),
        Zone(
            "America/Santiago Chile/Continental", -240, .chile, since: 1_662_868_800,
            before: [
                Shift(1_262_304_000, -180), Shift(1_270_350_000, -240), Shift(1_286_683_200, -180),
                Shift(1_304_823_600, -240), Shift(1_313_899_200, -180), Shift(1_335_668_400, -240),
                Shift(1_346_558_400, -180), Shift(1_367_118_000, -240), Shift(1_378_612_800, -180),
                Shift(1_398_567_600, -240), Shift(1_410_062_400, -180), Shift(1_463_281_200, -240),
                Shift(1_471_147_200, -180), Shift(1_494_730_800, -240), Shift(1_502_596_800, -180),
                Shift(1_526_180_400, -240), Shift(1_534_046_400, -180), Shift(1_554_606_000, -240),
                Shift(1_567_915_200, -180), Shift(1_586_055_600, -240), Shift(1_599_364_800, -180),
                Shift(1_617_505_200, -240), Shift(1_630_814_400, -180), Shift(1_648_954_800, -240),
            ]),
        Zone("America/Goose_Bay", -240, .newfoundland, since: 594_180_060),
        Zone(
            """
            America/Anguilla America/Antigua America/Aruba America/Blanc-Sablon America/Curacao America/Dominica \
            America/Grenada America/Guadeloupe America/Kralendijk America/La_Paz America/Lower_Princes \
            America/Marigot America/Montserrat America/Port_of_Spain America/Puerto_Rico America/St_Barthelemy \
            America/St_Kitts America/St_Lucia America/St_Thomas America/St_Vincent America/Tortola America/Virgin
            """, -240, since: 0),
        Zone("Etc/GMT+4", -240),
        Zone("America/Barbados", -240, since: 338_706_000),
        Zone("America/Martinique", -240, since: 338_958_000),
        Zone("America/Porto_Velho", -240, since: 571_201_200),
        Zone("America/Guyana", -240, since: 701_841_600),
        Zone("America/Manaus Brazil/West", -240, since: 761_713_200),
        Zone("America/Boa_Vista", -240, since: 971_578_800),
        Zone("America/Santo_Domingo", -240, since: 975_823_200),
        Zone(
            "America/Caracas", -240, since: 1_462_086_000,
            before: [
                Shift(1_262_304_000, -270)
            ]),
        Zone("America/Campo_Grande America/Cuiaba", -240, since: 1_550_372_400),
        Zone(
            """
            America/Glace_Bay America/Halifax Atlantic/Bermuda Canada/Atlantic
            """, -240, .unitedStates, since: 530_686_800),
        Zone("America/Thule", -240, .unitedStates, since: 719_989_200),
        Zone("America/Moncton", -240, .unitedStates, since: 1_162_098_000),
        Zone("America/St_Johns Canada/Newfoundland", -210, .newfoundland, since: 594_178_260),
        Zone("America/Cayenne", -180, since: 0),
        Zone("Etc/GMT+3", -180),
        Zone("Antarctica/Rothera", -180, since: 218_246_400),
        Zone("America/Paramaribo", -180, since: 465_449_400),
        Zone("America/Belem", -180, since: 571_197_600),
        Zone("America/Fortaleza America/Maceio America/Recife", -180, since: 1_013_911_200),
        Zone(
            """
            America/Argentina/Catamarca America/Argentina/ComodRivadavia America/Argentina/Jujuy \
            America/Argentina/La_Rioja America/Argentina/Mendoza America/Argentina/Rio_Gallegos \
            America/Argentina/Salta America/Argentina/San_Juan America/Argentina/Ushuaia America/Catamarca \
            America/Jujuy America/Mendoza
            """, -180, since: 1_205_632_800),
        Zone("America/Santarem", -180, since: 1_214_280_000),
        Zone(
            """
            America/Argentina/Buenos_Aires America/Argentina/Cordoba America/Argentina/Tucuman America/Buenos_Aires \
            America/Cordoba America/Rosario
            """, -180, since: 1_237_082_400),
        Zone("America/Argentina/San_Luis", -180, since: 1_255_233_600),
        Zone(
            "Atlantic/Stanley", -180, since: 1_283_666_400,
            before: [
                Shift(1_262_304_000, -180), Shift(1_271_566_800, -240),
            ]),
        Zone(
            "America/Bahia", -180, since: 1_330_221_600,
            before: [
                Shift(1_262_304_000, -180), Shift(1_318_734_000, -120),
            ]),
        Zone(
            "America/Araguaina", -180, since: 1_361_066_400,
            before: [
                Shift(1_262_304_000, -180), Shift(1_350_788_400, -120),
            ]),
        Zone(
            "America/Montevideo", -180, since: 1_425_787_200,
            before: [
                Shift(1_262_304_000, -120), Shift(1_268_539_200, -180), Shift(1_286_082_000, -120),
                Shift(1_299_988_800, -180), Shift(1_317_531_600, -120), Shift(1_331_438_400, -180),
                Shift(1_349_586_000, -120), Shift(1_362_888_000, -180), Shift(1_381_035_600, -120),
                Shift(1_394_337_600, -180), Shift(1_412_485_200, -120),
            ]),
        Zone("America/Punta_Arenas Antarctica/Palmer", -180, since: 1_471_147_200),
        Zone(
            "America/Sao_Paulo Brazil/East", -180, since: 1_550_368_800,
            before: [
                Shift(1_262_304_000, -120), Shift(1_266_717_600, -180), Shift(1_287_284_400, -120),
                Shift(1_298_167_200, -180), Shift(1_318_734_000, -120), Shift(1_330_221_600, -180),
                Shift(1_350_788_400, -120), Shift(1_361_066_400, -180), Shift(1_382_238_000, -120),
                Shift(1_392_516_000, -180), Shift(1_413_687_600, -120), Shift(1_424_570_400, -180),
                Shift(1_445_137_200, -120), Shift(1_456_020_000, -180), Shift(1_476_586_800, -120),
                Shift(1_487_469_600, -180), Shift(1_508_036_400, -120), Shift(1_518_919_200, -180),
                Shift(1_541_300_400, -120),
            ]),
        Zone("America/Coyhaique", -180, since: 1_725_768_000),
        Zone(
            "America/Asuncion", -180, since: 1_728_187_200,
            before: [
                Shift(1_262_304_000, -180), Shift(1_270_954_800, -240), Shift(1_286_078_400, -180),
                Shift(1_302_404_400, -240), Shift(1_317_528_000, -180), Shift(1_333_854_000, -240),
                Shift(1_349_582_400, -180), Shift(1_364_094_000, -240), Shift(1_381_032_000, -180),
                Shift(1_395_543_600, -240), Shift(1_412_481_600, -180), Shift(1_426_993_200, -240),
                Shift(1_443_931_200, -180), Shift(1_459_047_600, -240), Shift(1_475_380_800, -180),
                Shift(1_490_497_200, -240), Shift(1_506_830_400, -180), Shift(1_521_946_800, -240),
                Shift(1_538_884_800, -180), Shift(1_553_396_400, -240), Shift(1_570_334_400, -180),
                Shift(1_584_846_000, -240), Shift(1_601_784_000, -180), Shift(1_616_900_400, -240),
                Shift(1_633_233_600, -180), Shift(1_648_350_000, -240), Shift(1_664_683_200, -180),
                Shift(1_679_799_600, -240), Shift(1_696_132_800, -180), Shift(1_711_249_200, -240),
            ]),
        Zone("America/Miquelon", -180, .unitedStates, since: 326_001_600),
        Zone("America/Godthab America/Nuuk", -120, .europe, since: 1_698_541_200),
        Zone("America/Scoresbysund", -120, .europe, since: 1_711_846_800),
        Zone("Atlantic/South_Georgia", -120, since: 0),
        Zone("Etc/GMT+2", -120),
        Zone("America/Noronha Brazil/DeNoronha", -120, since: 1_013_907_600),
        Zone("Atlantic/Azores", -60, .europe, since: 740_278_800),
        Zone("Etc/GMT+1", -60),
        Zone("Atlantic/Cape_Verde", -60, since: 186_120_000),
        Zone("Atlantic/Faeroe Atlantic/Faroe", 0, .europe, since: 0),
        Zone("Atlantic/Canary WET", 0, .europe, since: 338_950_800),
        Zone("Atlantic/Madeira", 0, .europe, since: 512_528_400),
        Zone("Europe/Lisbon Portugal", 0, .europe, since: 828_234_000),
        Zone(
            """
            Africa/Abidjan Africa/Accra Africa/Bamako Africa/Banjul Africa/Conakry Africa/Dakar Africa/Freetown \
            Africa/Lome Africa/Nouakchott Africa/Ouagadougou Africa/Timbuktu Atlantic/Reykjavik Atlantic/St_Helena \
            Iceland
            """, 0, since: 0),
        Zone(
            """
            Etc/GMT Etc/GMT+0 Etc/GMT-0 Etc/GMT0 Etc/Greenwich Etc/UCT Etc/UTC Etc/Universal Etc/Zulu GMT GMT+0 \
            GMT-0 GMT0 Greenwich UCT UTC Universal Zulu
            """, 0),
        Zone("Africa/Monrovia", 0, since: 63_593_070),
        Zone("Africa/Bissau", 0, since: 157_770_000),
        Zone("America/Danmarkshavn", 0, since: 820_465_200),
        Zone(
            "Africa/Sao_Tome", 0, since: 1_546_304_400,
            before: [
                Shift(1_262_304_000, 0), Shift(1_514_768_400, 60),
            ]),
        Zone(
            """
            Eire Europe/Belfast Europe/Dublin Europe/Guernsey Europe/Isle_of_Man Europe/Jersey Europe/London GB \
            GB-Eire
            """, 0, .unitedKingdom, since: 341_373_600),
        Zone("Europe/Busingen Europe/Vaduz Europe/Zurich", 60, .europe, since: 0),
        Zone("Europe/Malta", 60, .europe, since: 338_342_400),
        Zone("Europe/Vienna", 60, .europe, since: 338_940_000),
        Zone(
            """
            Arctic/Longyearbyen Atlantic/Jan_Mayen CET Europe/Amsterdam Europe/Berlin Europe/Bratislava \
            Europe/Brussels Europe/Copenhagen Europe/Luxembourg Europe/Madrid Europe/Monaco Europe/Oslo Europe/Paris \
            Europe/Prague Europe/Rome Europe/San_Marino Europe/Stockholm Europe/Vatican MET
            """, 60, .europe, since: 338_950_800),
        Zone("Europe/Gibraltar", 60, .europe, since: 370_400_400),
        Zone(
            """
            Europe/Belgrade Europe/Ljubljana Europe/Podgorica Europe/Sarajevo Europe/Skopje Europe/Zagreb
            """, 60, .europe, since: 401_850_000),
        Zone("Europe/Budapest", 60, .europe, since: 433_299_600),
        Zone("Europe/Tirane", 60, .europe, since: 449_622_000),
        Zone("Europe/Andorra", 60, .europe, since: 465_354_000),
        Zone("Africa/Ceuta", 60, .europe, since: 496_803_600),
        Zone("Europe/Warsaw Poland", 60, .europe, since: 559_702_800),
        Zone(
            """
            Africa/Bangui Africa/Brazzaville Africa/Douala Africa/Kinshasa Africa/Lagos Africa/Libreville \
            Africa/Luanda Africa/Malabo Africa/Niamey Africa/Porto-Novo
            """, 60, since: 0),
        Zone("Etc/GMT-1", 60),
        Zone("Africa/Ndjamena", 60, since: 321_314_400),
        Zone("Africa/Algiers", 60, since: 357_523_200),
        Zone("Africa/Tunis", 60, since: 1_224_982_800),
        Zone(
            "Africa/Cairo Egypt", 120, .egypt, since: 1_411_678_800,
            before: [
                Shift(1_262_304_000, 120), Shift(1_272_578_400, 180), Shift(1_281_474_000, 120),
                Shift(1_284_069_600, 180), Shift(1_285_880_400, 120), Shift(1_400_191_200, 180),
                Shift(1_403_816_400, 120), Shift(1_406_844_000, 180),
            ]),
        Zone("Europe/Athens", 120, .europe, since: 338_936_400),
        Zone("EET", 120, .europe, since: 338_950_800),
        Zone("Europe/Helsinki Europe/Mariehamn", 120, .europe, since: 401_850_000),
        Zone("Europe/Kiev Europe/Kyiv Europe/Uzhgorod Europe/Zaporozhye", 120, .europe, since: 828_234_000),
        Zone("Europe/Bucharest Europe/Sofia", 120, .europe, since: 846_378_000),
        Zone("Asia/Nicosia Europe/Nicosia", 120, .europe, since: 891_133_200),
        Zone("Europe/Riga", 120, .europe, since: 972_781_200),
        Zone("Europe/Tallinn", 120, .europe, since: 1_004_230_800),
        Zone("Europe/Vilnius", 120, .europe, since: 1_035_680_400),
        Zone("Asia/Famagusta", 120, .europe, since: 1_490_490_000),
        Zone(
            "Asia/Jerusalem Asia/Tel_Aviv Israel", 120, .israel, since: 1_348_354_800,
            before: [
                Shift(1_262_304_000, 120), Shift(1_269_561_600, 180), Shift(1_284_246_000, 120),
                Shift(1_301_616_000, 180), Shift(1_317_510_000, 120), Shift(1_333_065_600, 180),
            ]),
        Zone("Asia/Beirut", 120, .lebanon, since: 909_262_800),
        Zone("Europe/Chisinau Europe/Tiraspol", 120, .moldova, since: 846_363_600),
        Zone(
            """
            Africa/Blantyre Africa/Bujumbura Africa/Gaborone Africa/Harare Africa/Johannesburg Africa/Kigali \
            Africa/Lubumbashi Africa/Lusaka Africa/Maputo Africa/Maseru Africa/Mbabane
            """, 120, since: 0),
        Zone("Etc/GMT-2", 120),
        Zone(
            "Africa/Tripoli Libya", 120, since: 1_364_515_200,
            before: [
                Shift(1_262_304_000, 120), Shift(1_352_505_600, 60),
            ]),
        Zone(
            "Europe/Kaliningrad", 120, since: 1_414_278_000,
            before: [
                Shift(1_262_304_000, 120), Shift(1_269_734_400, 180), Shift(1_288_483_200, 120),
                Shift(1_301_184_000, 180),
            ]),
        Zone(
            "Africa/Windhoek", 120, since: 1_504_400_400,
            before: [
                Shift(1_262_304_000, 120), Shift(1_270_339_200, 60), Shift(1_283_648_400, 120),
                Shift(1_301_788_800, 60), Shift(1_315_098_000, 120), Shift(1_333_238_400, 60),
                Shift(1_346_547_600, 120), Shift(1_365_292_800, 60), Shift(1_377_997_200, 120),
                Shift(1_396_742_400, 60), Shift(1_410_051_600, 120), Shift(1_428_192_000, 60),
                Shift(1_441_501_200, 120), Shift(1_459_641_600, 60), Shift(1_472_950_800, 120),
                Shift(1_491_091_200, 60),
            ]),
        Zone(
            "Africa/Khartoum", 120, since: 1_509_483_600,
            before: [
                Shift(1_262_304_000, 180)
            ]),
        Zone(
            "Africa/Juba", 120, since: 1_612_126_800,
            before: [
                Shift(1_262_304_000, 180)
            ]),
        Zone(
            """
            Africa/Addis_Ababa Africa/Asmara Africa/Asmera Africa/Dar_es_Salaam Africa/Djibouti Africa/Kampala \
            Africa/Mogadishu Africa/Nairobi Antarctica/Syowa Asia/Aden Asia/Kuwait Asia/Riyadh Indian/Antananarivo \
            Indian/Comoro Indian/Mayotte
            """, 180, since: 0),
        Zone("Etc/GMT-3", 180),
        Zone("Asia/Bahrain Asia/Qatar", 180, since: 76_190_400),
        Zone("Asia/Baghdad", 180, since: 1_191_196_800),
        Zone(
            "Europe/Minsk", 180, since: 1_301_184_000,
            before: [
                Shift(1_262_304_000, 120), Shift(1_269_734_400, 180), Shift(1_288_483_200, 120),
            ]),
        Zone(
            "Europe/Kirov Europe/Moscow W-SU", 180, since: 1_414_274_400,
            before: [
                Shift(1_262_304_000, 180), Shift(1_269_730_800, 240), Shift(1_288_479_600, 180),
                Shift(1_301_180_400, 240),
            ]),
        Zone("Europe/Simferopol", 180, since: 1_414_274_400),
        Zone(
            "Asia/Istanbul Europe/Istanbul Turkey", 180, since: 1_459_040_400,
            before: [
                Shift(1_262_304_000, 120), Shift(1_269_738_000, 180), Shift(1_288_486_800, 120),
                Shift(1_301_274_000, 180), Shift(1_319_936_400, 120), Shift(1_332_637_200, 180),
                Shift(1_351_386_000, 120), Shift(1_364_691_600, 180), Shift(1_382_835_600, 120),
                Shift(1_396_227_600, 180), Shift(1_414_285_200, 120), Shift(1_427_590_800, 180),
                Shift(1_446_944_400, 120),
            ]),
        Zone(
            "Europe/Volgograd", 180, since: 1_609_020_000,
            before: [
                Shift(1_262_304_000, 180), Shift(1_269_730_800, 240), Shift(1_288_479_600, 180),
                Shift(1_301_180_400, 240), Shift(1_414_274_400, 180), Shift(1_540_681_200, 240),
            ]),
        Zone(
            "Asia/Amman", 180, since: 1_645_740_000,
            before: [
                Shift(1_262_304_000, 120), Shift(1_269_554_400, 180), Shift(1_288_303_200, 120),
                Shift(1_301_608_800, 180), Shift(1_319_752_800, 120), Shift(1_333_058_400, 180),
                Shift(1_387_486_800, 120), Shift(1_395_957_600, 180), Shift(1_414_706_400, 120),
                Shift(1_427_407_200, 180), Shift(1_446_156_000, 120), Shift(1_459_461_600, 180),
                Shift(1_477_605_600, 120), Shift(1_490_911_200, 180), Shift(1_509_055_200, 120),
                Shift(1_522_360_800, 180), Shift(1_540_504_800, 120), Shift(1_553_810_400, 180),
                Shift(1_571_954_400, 120), Shift(1_585_260_000, 180), Shift(1_604_008_800, 120),
                Shift(1_616_709_600, 180), Shift(1_635_458_400, 120),
            ]),
        Zone("Asia/Damascus", 180, since: 1_648_159_200),
        Zone(
            "Asia/Tehran Iran", 210, since: 1_663_788_600,
            before: [
                Shift(1_262_304_000, 210), Shift(1_269_203_400, 270), Shift(1_285_097_400, 210),
                Shift(1_300_739_400, 270), Shift(1_316_633_400, 210), Shift(1_332_275_400, 270),
                Shift(1_348_169_400, 210), Shift(1_363_897_800, 270), Shift(1_379_791_800, 210),
                Shift(1_395_433_800, 270), Shift(1_411_327_800, 210), Shift(1_426_969_800, 270),
                Shift(1_442_863_800, 210), Shift(1_458_505_800, 270), Shift(1_474_399_800, 210),
                Shift(1_490_128_200, 270), Shift(1_506_022_200, 210), Shift(1_521_664_200, 270),
                Shift(1_537_558_200, 210), Shift(1_553_200_200, 270), Shift(1_569_094_200, 210),
                Shift(1_584_736_200, 270), Shift(1_600_630_200, 210), Shift(1_616_358_600, 270),
                Shift(1_632_252_600, 210), Shift(1_647_894_600, 270),
            ]),
        Zone("Asia/Dubai Asia/Muscat Indian/Mahe Indian/Reunion", 240, since: 0),
        Zone("Etc/GMT-4", 240),
        Zone("Asia/Tbilisi", 240, since: 1_111_878_000),
        Zone("Indian/Mauritius", 240, since: 1_238_274_000),
        Zone(
            "Europe/Samara", 240, since: 1_301_180_400,
            before: [
                Shift(1_262_304_000, 240), Shift(1_288_479_600, 180),
            ]),
        Zone(
            "Asia/Yerevan", 240, since: 1_319_925_600,
            before: [
                Shift(1_262_304_000, 240), Shift(1_269_727_200, 300), Shift(1_288_476_000, 240),
                Shift(1_301_176_800, 300),
            ]),
        Zone(
            "Asia/Baku", 240, since: 1_445_731_200,
            before: [
                Shift(1_262_304_000, 240), Shift(1_269_734_400, 300), Shift(1_288_483_200, 240),
                Shift(1_301_184_000, 300), Shift(1_319_932_800, 240), Shift(1_332_633_600, 300),
                Shift(1_351_382_400, 240), Shift(1_364_688_000, 300), Shift(1_382_832_000, 240),
                Shift(1_396_137_600, 300), Shift(1_414_281_600, 240), Shift(1_427_587_200, 300),
            ]),
        Zone(
            "Europe/Astrakhan Europe/Ulyanovsk", 240, since: 1_459_033_200,
            before: [
                Shift(1_262_304_000, 180), Shift(1_269_730_800, 240), Shift(1_288_479_600, 180),
                Shift(1_301_180_400, 240), Shift(1_414_274_400, 180),
            ]),
        Zone(
            "Europe/Saratov", 240, since: 1_480_806_000,
            before: [
                Shift(1_262_304_000, 180), Shift(1_269_730_800, 240), Shift(1_288_479_600, 180),
                Shift(1_301_180_400, 240), Shift(1_414_274_400, 180),
            ]),
        Zone("Asia/Kabul", 270, since: 0),
        Zone("Etc/GMT-5", 300),
        Zone("Indian/Kerguelen Indian/Maldives", 300, since: 0),
        Zone("Asia/Dushanbe", 300, since: 684_363_600),
        Zone("Asia/Samarkand Asia/Tashkent", 300, since: 686_091_600),
        Zone("Asia/Ashgabat Asia/Ashkhabad", 300, since: 695_772_000),
        Zone("Asia/Aqtau Asia/Atyrau Asia/Oral", 300, since: 1_080_424_800),
        Zone("Asia/Aqtobe", 300, since: 1_099_170_000),
        Zone("Antarctica/Mawson", 300, since: 1_255_809_600),
        Zone("Asia/Karachi", 300, since: 1_257_012_000),
        Zone(
            "Asia/Yekaterinburg", 300, since: 1_414_267_200,
            before: [
                Shift(1_262_304_000, 300), Shift(1_269_723_600, 360), Shift(1_288_472_400, 300),
                Shift(1_301_173_200, 360),
            ]),
        Zone(
            "Asia/Qyzylorda", 300, since: 1_545_328_800,
            before: [
                Shift(1_262_304_000, 360)
            ]),
        Zone(
            "Antarctica/Vostok", 300, since: 1_702_839_600,
            before: [
                Shift(1_262_304_000, 420)
            ]),
        Zone(
            "Asia/Almaty Asia/Qostanay", 300, since: 1_709_229_600,
            before: [
                Shift(1_262_304_000, 360)
            ]),
        Zone("Asia/Calcutta Asia/Kolkata", 330, since: 0),
        Zone("Asia/Colombo", 330, since: 1_145_039_400),
        Zone("Asia/Kathmandu Asia/Katmandu", 345, since: 504_901_800),
        Zone("Asia/Kashgar Asia/Urumqi", 360, since: 0),
        Zone("Etc/GMT-6", 360),
        Zone("Asia/Thimbu Asia/Thimphu", 360, since: 560_025_000),
        Zone("Indian/Chagos", 360, since: 820_436_400),
        Zone("Asia/Bishkek", 360, since: 1_111_872_600),
        Zone("Asia/Dacca Asia/Dhaka", 360, since: 1_262_278_800),
        Zone(
            "Asia/Omsk", 360, since: 1_414_263_600,
            before: [
                Shift(1_262_304_000, 360), Shift(1_269_720_000, 420), Shift(1_288_468_800, 360),
                Shift(1_301_169_600, 420),
            ]),
        Zone("Asia/Rangoon Asia/Yangon Indian/Cocos", 390, since: 0),
        Zone("Asia/Bangkok Asia/Jakarta Asia/Phnom_Penh Asia/Vientiane Indian/Christmas", 420, since: 0),
        Zone("Etc/GMT-7", 420),
        Zone("Asia/Ho_Chi_Minh Asia/Saigon", 420, since: 171_820_800),
        Zone("Asia/Pontianak", 420, since: 567_964_800),
        Zone(
            "Asia/Novokuznetsk", 420, since: 1_301_169_600,
            before: [
                Shift(1_262_304_000, 420), Shift(1_288_468_800, 360),
            ]),
        Zone(
            "Antarctica/Davis", 420, since: 1_329_854_400,
            before: [
                Shift(1_262_304_000, 300), Shift(1_268_251_200, 420), Shift(1_319_742_000, 300),
            ]),
        Zone(
            "Asia/Krasnoyarsk", 420, since: 1_414_260_000,
            before: [
                Shift(1_262_304_000, 420), Shift(1_269_716_400, 480), Shift(1_288_465_200, 420),
                Shift(1_301_166_000, 480),
            ]),
        Zone(
            "Asia/Barnaul", 420, since: 1_459_022_400,
            before: [
                Shift(1_262_304_000, 360), Shift(1_269_720_000, 420), Shift(1_288_468_800, 360),
                Shift(1_301_169_600, 420), Shift(1_414_263_600, 360),
            ]),
        Zone(
            "Asia/Tomsk", 420, since: 1_464_465_600,
            before: [
                Shift(1_262_304_000, 360), Shift(1_269_720_000, 420), Shift(1_288_468_800, 360),
                Shift(1_301_169_600, 420), Shift(1_414_263_600, 360),
            ]),
        Zone(
            "Asia/Novosibirsk", 420, since: 1_469_304_000,
            before: [
                Shift(1_262_304_000, 360), Shift(1_269_720_000, 420), Shift(1_288_468_800, 360),
                Shift(1_301_169_600, 420), Shift(1_414_263_600, 360),
            ]),
        Zone(
            "Asia/Hovd", 420, since: 1_474_646_400,
            before: [
                Shift(1_262_304_000, 420), Shift(1_427_482_800, 480), Shift(1_443_196_800, 420),
                Shift(1_458_932_400, 480),
            ]),
        Zone("Asia/Brunei Asia/Kuching Asia/Makassar Asia/Ujung_Pandang", 480, since: 0),
        Zone("Etc/GMT-8", 480),
        Zone("Asia/Taipei ROC", 480, since: 307_551_600),
        Zone("Asia/Hong_Kong Asia/Macao Asia/Macau Hongkong", 480, since: 309_292_200),
        Zone("Asia/Kuala_Lumpur Asia/Singapore Singapore", 480, since: 378_662_400),
        Zone("Asia/Manila", 480, since: 649_177_200),
        Zone("Asia/Chongqing Asia/Chungking Asia/Harbin Asia/Shanghai PRC", 480, since: 684_867_600),
        Zone("Australia/Perth Australia/West", 480, since: 1_238_263_200),
        Zone(
            "Asia/Irkutsk", 480, since: 1_414_256_400,
            before: [
                Shift(1_262_304_000, 480), Shift(1_269_712_800, 540), Shift(1_288_461_600, 480),
                Shift(1_301_162_400, 540),
            ]),
        Zone(
            "Asia/Choibalsan Asia/Ulaanbaatar Asia/Ulan_Bator", 480, since: 1_474_642_800,
            before: [
                Shift(1_262_304_000, 480), Shift(1_427_479_200, 540), Shift(1_443_193_200, 480),
                Shift(1_458_928_800, 540),
            ]),
        Zone("Antarctica/Casey", 480, since: 1_678_291_200),
        Zone("Australia/Eucla", 525, since: 1_238_260_500),
        Zone("Asia/Jayapura Asia/Tokyo Japan Pacific/Palau", 540, since: 0),
        Zone("Etc/GMT-9", 540),
        Zone("Asia/Seoul ROK", 540, since: 592_333_200),
        Zone("Asia/Dili", 540, since: 969_120_000),
        Zone(
            "Asia/Khandyga", 540, since: 1_414_252_800,
            before: [
                Shift(1_262_304_000, 600), Shift(1_269_705_600, 660), Shift(1_288_454_400, 600),
                Shift(1_301_155_200, 660), Shift(1_315_832_400, 600),
            ]),
        Zone(
            "Asia/Yakutsk", 540, since: 1_414_252_800,
            before: [
                Shift(1_262_304_000, 540), Shift(1_269_709_200, 600), Shift(1_288_458_000, 540),
                Shift(1_301_158_800, 600),
            ]),
        Zone(
            "Asia/Chita", 540, since: 1_459_015_200,
            before: [
                Shift(1_262_304_000, 540), Shift(1_269_709_200, 600), Shift(1_288_458_000, 540),
                Shift(1_301_158_800, 600), Shift(1_414_252_800, 480),
            ]),
        Zone(
            "Asia/Pyongyang", 540, since: 1_525_446_000,
            before: [
                Shift(1_262_304_000, 540), Shift(1_439_564_400, 510),
            ]),
        Zone(
            """
            Australia/Adelaide Australia/Broken_Hill Australia/South Australia/Yancowinna
            """, 570, .australia, since: 978_273_000),
        Zone("Australia/Darwin Australia/North", 570, since: 0),
        Zone(
            """
            Australia/ACT Australia/Canberra Australia/Melbourne Australia/NSW Australia/Sydney Australia/Victoria
            """, 600, .australia, since: 978_271_200),
        Zone("Australia/Currie Australia/Hobart Australia/Tasmania", 600, .australia, since: 1_193_500_800),
        Zone(
            "Antarctica/Macquarie", 600, .australia, since: 1_286_035_200,
            before: [
                Shift(1_262_304_000, 660)
            ]),
        Zone("Antarctica/DumontDUrville Pacific/Chuuk Pacific/Port_Moresby Pacific/Truk Pacific/Yap", 600, since: 0),
        Zone("Etc/GMT-10", 600),
        Zone("Pacific/Guam Pacific/Saipan", 600, since: 241_542_000),
        Zone("Australia/Brisbane Australia/Queensland", 600, since: 699_379_200),
        Zone("Australia/Lindeman", 600, since: 762_883_200),
        Zone(
            "Asia/Ust-Nera", 600, since: 1_414_249_200,
            before: [
                Shift(1_262_304_000, 660), Shift(1_269_702_000, 720), Shift(1_288_450_800, 660),
                Shift(1_301_151_600, 720), Shift(1_315_828_800, 660),
            ]),
        Zone(
            "Asia/Vladivostok", 600, since: 1_414_249_200,
            before: [
                Shift(1_262_304_000, 600), Shift(1_269_705_600, 660), Shift(1_288_454_400, 600),
                Shift(1_301_155_200, 660),
            ]),
        Zone(
            "Pacific/Norfolk", 660, .australia, since: 1_554_562_800,
            before: [
                Shift(1_262_304_000, 690), Shift(1_443_882_600, 660),
            ]),
        Zone("Etc/GMT-11", 660),
        Zone("Pacific/Guadalcanal Pacific/Pohnpei Pacific/Ponape", 660, since: 0),
        Zone("Pacific/Efate", 660, since: 727_790_400),
        Zone("Pacific/Noumea", 660, since: 857_228_400),
        Zone("Pacific/Kosrae", 660, since: 915_105_600),
        Zone(
            "Asia/Srednekolymsk", 660, since: 1_414_245_600,
            before: [
                Shift(1_262_304_000, 660), Shift(1_269_702_000, 720), Shift(1_288_450_800, 660),
                Shift(1_301_151_600, 720),
            ]),
        Zone(
            "Pacific/Bougainville", 660, since: 1_419_696_000,
            before: [
                Shift(1_262_304_000, 600)
            ]),
        Zone(
            "Asia/Sakhalin", 660, since: 1_459_008_000,
            before: [
                Shift(1_262_304_000, 600), Shift(1_269_705_600, 660), Shift(1_288_454_400, 600),
                Shift(1_301_155_200, 660), Shift(1_414_249_200, 600),
            ]),
        Zone(
            "Asia/Magadan", 660, since: 1_461_427_200,
            before: [
                Shift(1_262_304_000, 660), Shift(1_269_702_000, 720), Shift(1_288_450_800, 660),
                Shift(1_301_151_600, 720), Shift(1_414_245_600, 600),
            ]),
        Zone("Antarctica/McMurdo Antarctica/South_Pole NZ Pacific/Auckland", 720, .newZealand, since: 631_108_800),
        Zone("Etc/GMT-12", 720),
        Zone("Pacific/Funafuti Pacific/Majuro Pacific/Tarawa Pacific/Wake Pacific/Wallis", 720, since: 0),
        Zone("Pacific/Nauru", 720, since: 287_418_600),
        Zone("Kwajalein Pacific/Kwajalein", 720, since: 745_934_400),
        Zone(
            "Asia/Anadyr Asia/Kamchatka", 720, since: 1_301_151_600,
            before: [
                Shift(1_262_304_000, 720), Shift(1_288_450_800, 660),
            ]),
        Zone(
            "Pacific/Fiji", 720, since: 1_610_805_600,
            before: [
                Shift(1_262_304_000, 780), Shift(1_269_698_400, 720), Shift(1_287_842_400, 780),
                Shift(1_299_333_600, 720), Shift(1_319_292_000, 780), Shift(1_327_154_400, 720),
                Shift(1_350_741_600, 780), Shift(1_358_604_000, 720), Shift(1_382_796_000, 780),
                Shift(1_390_050_000, 720), Shift(1_414_850_400, 780), Shift(1_421_503_200, 720),
                Shift(1_446_300_000, 780), Shift(1_452_952_800, 720), Shift(1_478_354_400, 780),
                Shift(1_484_402_400, 720), Shift(1_509_804_000, 780), Shift(1_515_852_000, 720),
                Shift(1_541_253_600, 780), Shift(1_547_301_600, 720), Shift(1_573_308_000, 780),
                Shift(1_578_751_200, 720), Shift(1_608_386_400, 780),
            ]),
        Zone("Etc/GMT-13", 780),
        Zone("Pacific/Enderbury Pacific/Kanton", 780, since: 788_871_600),
        Zone(
            "Pacific/Fakaofo", 780, since: 1_325_242_800,
            before: [
                Shift(1_262_304_000, -660)
            ]),
        Zone(
            "Pacific/Tongatapu", 780, since: 1_484_398_800,
            before: [
                Shift(1_262_304_000, 780), Shift(1_478_350_800, 840),
            ]),
        Zone(
            "Pacific/Apia", 780, since: 1_617_458_400,
            before: [
                Shift(1_262_304_000, -660), Shift(1_285_498_800, -600), Shift(1_301_752_800, -660),
                Shift(1_316_872_800, -600), Shift(1_325_239_200, 840), Shift(1_333_202_400, 780),
                Shift(1_348_927_200, 840), Shift(1_365_256_800, 780), Shift(1_380_376_800, 840),
                Shift(1_396_706_400, 780), Shift(1_411_826_400, 840), Shift(1_428_156_000, 780),
                Shift(1_443_276_000, 840), Shift(1_459_605_600, 780), Shift(1_474_725_600, 840),
                Shift(1_491_055_200, 780), Shift(1_506_175_200, 840), Shift(1_522_504_800, 780),
                Shift(1_538_229_600, 840), Shift(1_554_559_200, 780), Shift(1_569_679_200, 840),
                Shift(1_586_008_800, 780), Shift(1_601_128_800, 840),
            ]),
        Zone("Etc/GMT-14", 840),
        Zone("Pacific/Kiritimati", 840, since: 788_868_000),
    ]
}
