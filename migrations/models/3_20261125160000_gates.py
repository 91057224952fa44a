"""Who may draw what: arms bars, the master authorization list, qualifications, and whether an arms room asks for them."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

TABLES = """
ALTER TABLE armory ADD COLUMN authorization_required BOOL NOT NULL DEFAULT false, ADD COLUMN qualification_required BOOL NOT NULL DEFAULT false;
ALTER TABLE item_model ADD COLUMN required_qualification VARCHAR(32);
ALTER TABLE person ADD COLUMN arms_bar_reason TEXT, ADD COLUMN arms_bar_until TIMESTAMPTZ;
CREATE TABLE issue_authorization (
    id UUID NOT NULL PRIMARY KEY,
    valid_from DATE NOT NULL,
    valid_until DATE,
    revoked_at TIMESTAMPTZ,
    version INT NOT NULL,
    item_id UUID REFERENCES item (id) ON DELETE RESTRICT,
    model_id UUID REFERENCES item_model (id) ON DELETE RESTRICT,
    person_id UUID NOT NULL REFERENCES person (id) ON DELETE RESTRICT
);
COMMENT ON TABLE issue_authorization IS 'A line of the master authorization list: a person may draw an item, or any item of a nomenclature.';
CREATE TABLE qualification (
    id UUID NOT NULL PRIMARY KEY,
    code VARCHAR(32) NOT NULL,
    qualified_on DATE NOT NULL,
    expires_on DATE,
    revoked_at TIMESTAMPTZ,
    version INT NOT NULL,
    person_id UUID NOT NULL REFERENCES person (id) ON DELETE RESTRICT
);
COMMENT ON TABLE qualification IS 'What a person has shown to be able to do, under a code that nomenclatures can require.';
"""

CHECKS = """
ALTER TABLE item_model ADD CONSTRAINT item_model_qualification CHECK (required_qualification ~ '^[A-Z0-9][A-Z0-9_-]*$');
ALTER TABLE person ADD CONSTRAINT person_arms_bar CHECK (arms_bar_reason <> '' AND (arms_bar_until IS NULL OR arms_bar_reason IS NOT NULL));
ALTER TABLE issue_authorization
    ADD CONSTRAINT authorization_one_target CHECK (num_nonnulls(model_id, item_id) = 1),
    ADD CONSTRAINT authorization_dates CHECK (valid_until >= valid_from);
ALTER TABLE qualification
    ADD CONSTRAINT qualification_words CHECK (code ~ '^[A-Z0-9][A-Z0-9_-]*$'),
    ADD CONSTRAINT qualification_dates CHECK (expires_on >= qualified_on);
CREATE INDEX authorization_person ON issue_authorization (person_id, id);
CREATE INDEX authorization_item ON issue_authorization (item_id) WHERE item_id IS NOT NULL;
CREATE INDEX authorization_model ON issue_authorization (model_id) WHERE model_id IS NOT NULL;
CREATE INDEX qualification_person ON qualification (person_id, id);
"""

# As every table has them (see the guards), and a bar is explained by its own events.
GUARDS = """
DROP TRIGGER explained ON person;
CREATE CONSTRAINT TRIGGER explained AFTER INSERT OR UPDATE ON person DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION
    armguard_explained('person_id', 'id', '{PERSON_REGISTERED}', '{PERSON_CHANGED,DUTY_STATUS_CHANGED,ARMS_BAR_IMPOSED,ARMS_BAR_LIFTED}',
    'registry', 'registry', 'person');
"""
KEPT = {
    "issue_authorization": ("id", "person_id", "model_id", "item_id", "valid_from", "valid_until"),
    "qualification": ("id", "person_id", "code", "qualified_on", "expires_on"),
}
EXPLAINED = {
    "issue_authorization": ("AUTHORIZATION_GRANTED", "AUTHORIZATION_REVOKED"),
    "qualification": ("QUALIFICATION_RECORDED", "QUALIFICATION_REVOKED"),
}


def guards_of(table: str) -> str:
    """The guards of a table whose rows are made, and perhaps revoked."""
    columns, (made, changed) = ", ".join(f"'{column}'" for column in KEPT[table]), EXPLAINED[table]
    return f"""
CREATE TRIGGER no_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION armguard_no_delete();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION armguard_no_delete();
CREATE TRIGGER keep BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION armguard_keep({columns});
CREATE TRIGGER version BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION armguard_version();
CREATE TRIGGER ended BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION armguard_closed_once('revoked_at');
CREATE CONSTRAINT TRIGGER explained AFTER INSERT OR UPDATE ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION
    armguard_explained('subject_id', 'id', '{{{made}}}', '{{{changed}}}', 'registry', 'registry', '{table}');
"""


async def upgrade(db: BaseDBAsyncClient) -> str:
    return TABLES + CHECKS + GUARDS + "".join(guards_of(table) for table in KEPT)


async def downgrade(db: BaseDBAsyncClient) -> str:
    raise NotImplementedError("Nothing is ever taken away: restore a backup made before the update instead.")


MODELS_STATE = (
    "eJztXetz4ji2/1dUfNnZKjqVJul0b2brVjnEnfh2MBkw3dMzTDkOKODbRqb9SIadO//7Hs"
    "kP/ASbRzBufQm2dI6s/CTL56Wjvxozc4wN+0SwZqa1aFyivxpEm2G4SNQ0UUObz5fltMDR"
    "Hg1Gqi1pHm3H0kYOlD5pho2haIztkaXPHd0klFYgCMhtZJnmDGlkjHTHRnPT0EeLE3Snz+"
    "jtyHSJAxUY6DQ0x5ZtEjQ1jbGNzGdsIc0wEHumju2f0QPQzU1LsxaqQfnVqela9gPSbSTJ"
    "n998+Id9Qrs2NkfQN51MDtoLl+jfXaw65gQ7U2xBX37/A4p1MsZ/Yju4nX9Tn3RsjGMDoo"
    "9pA6xcdRZzVjYYSNcfGSX9Dx/VkWm4M7Kkni+cqUlCctfVxyeUh9ZNMMGW5uBxZLCIaxj+"
    "qAZFXo+hwLFcHHZ1vCwY4yfNNeiQN/795JIRHWnEnkT/nP+P37UImarKXUXti4qqNlIzhH"
    "YhMVx+0cgkdHbpxKFA/fW31+4SEFbaoA9o3wq9n84u/skgMG1nYrFKBlfjb8aoOZrHykBf"
    "ojyC6Z3GuT3VrGycA/oE0tDR/WAcwLMHQBsz7U/VwGTiTOH2rLUC4M9Cz8O4xTCGeT/ylg"
    "LZr2mxKgr1Elr2WwLagH430AYFS2yXK9Srg/u29aEAukCVCy+ri+Pr6DP8H5OUwjjKU0Oc"
    "L84LwHxxnosyrYqDbDuARTbCInFnDGUJeqSREU6hHTK/HtSN7r0ol1yCGc8lon+HpH3X7Y"
    "vXl8j7hftbQb4Ru5/FHpSF10Ny121/uu5+Ab7gKvnVLfRiXBR5Ly7yX4uL1FuR9V1OD6BE"
    "nJw3JI8/MYbw/+xrDFvn+3pZJrQLb1pvz9+ffzi7OP8AJKybYcn7FcMhyUry5dDHGEQiD6"
    "kSGKf4Xg/bt0cCrWGSiTpxSWls04wc3CS4mguIWPp/NNoR1cLfXd3CGeL2lWkaWCPZQOc3"
    "kgD8EVrZF+JhyesK3Ffd7h1teWbb3w1WICmJJXrQuRJh6WYrNxCBXpU9Ft9dzdCf9NFWY5"
    "HfCB+LEmMBaq5NO1Z8tYlw8GUmCSf8U45aTo2PsOxSlz+wkL656k6tI0/fMjV3ClUa2o+m"
    "hfUJ+YQXKdE8Aahv8Br4zRwnpMvSRmg8sLSX0JwUnVDwv8N/jL2Xvyf2lZ7UhilLIX7URt"
    "9eNGus5mDNrGIZa7LP9vFTDxts7c3HWYImaoRz7EUfubZjjhfw4RmZ1nhLoNpeYz3WVl0R"
    "06mSBf+Sapkv204sv6me+VJXtKAKazN1irVtJ1eftXQLDRXAyl9PKg8VXcHMlhlZuWJrWr"
    "pq1polSzSiTdi/RJ9NnxT9PGT4SYLPRr6XJPg+FfKRmNZEI7rNRu8fNpprltNELuBsea4K"
    "zcLEQbTJTOdGSXbulaiAaNPkXgnulaifV4LrkI1d6pDe0l1Si4wxbbH6VlMA2K0a6WH1eo"
    "pkNTFdq0fGptQWmqQXO7KlFLsMUjmy9beQtE/FtC0BqtdcjC+ILDBnS3zuWSN1mkD71IF8"
    "tDK0oCWO+XrQfEmzVhPqEuxHXp2gBxtbz/oIq8SdPWJL/YYXLLwKNBZETGumGbqNx8inQh"
    "4VC+7yBgs9mRbCIFykNab9PGZIhkQIAsdedGcKVOiBxp2pj5qlguINFaxtuLWgzSeLRqNB"
    "Pehqc+SYEWKXOLrxAHpdk7VkujQyjap0UMy6BkS0JUN/grnLlbqqCBrNFUpdfKKV0UHSnD"
    "XURvYQu5N6szcHPeCunYa9e9gtjXwrA3RAX8M5vXvzxZM2042FWtaKkWCrIdR7MWZM9GdM"
    "GGoZAmc+2gk2jnYxtEeAxsRX7DYJt4zyVxnzRvfjR6lNAyr9iyER5Tupr9C4y+BqSNrSZ+"
    "lOEuRLFFwNSf9LtwcF7Ccp1h4m3nLsOguVBrq6Oa/I+nFLNPGKwbJCW5E+iyXFSJ/rEnm/"
    "Q3InCvSW/cAQDfr3onxNxzK8HBJJDriCK6AU74WewEY9vKzGoCaUlvTAKvjPHGtuButGA1"
    "pN20QWwor4Kwu4CgOwAmR/6gi/MtBnC7/mrivfBOSRkWjfda/yRoCpfOkBuAbkaDD/mkEI"
    "uRNjMPbZT4KLeo2I1BH7itC5jw3LNbxftKYVG5Kg9Kfk+xE2gr5Iyi2it+i3riwmNb+QTv"
    "mtQfukuY6pEvNF1cZRTILioIg7TXjg3XF6THjg3esF3jnaZEtTt6JNjnZtX+0JeLRMdzLN"
    "mIr7jLY7RqDoJmZohMclFohLtG0Xq7GtHdv6KqNt1RW22P6LLQH7JdpWnQDbp4uORVdnOO"
    "iCqOt895weUBRyztnY0jXjjWcTx+MmFBBbd/RnzDIneO40oAjdaL6TbI4tBJ13n+AJrgU3"
    "gdfsZ+Cgu2QfkK0tbPQyhWahKWDNdtu9dge4V60CwmhzhVctOqhlXTxZvFU2HFbJWOu9Zi"
    "Udaj5HDTHei/fSX8fKg1zjybwPf+WopL9ytLm/smL6A0+fkfgiSrLa63Y7ZV0CPhu17rOL"
    "IZH6/QG17Hu/1AGgdgRJVkRZkNvMDRC9Z/VKT5D7ksLq/Osh6UADknxzifwLmnmjr9CsG3"
    "2o7SvdO5q7w/sdkp7Ypuk56IPDyyG5lvr3XlaP4KoabgY/xEJ71A3d2djtl27lFedLX+x9"
    "ltqicHVX2o0UYaUOoPAGRljqSMwt5F8MyUCOUcduh+SXgQDTRZFkyhO5qcYoW6ZLxipLr1"
    "bCwJ3gej0j9+m+ltodG7m5z2CncHqB6SW9BjEm7jdIQMqsDSURjfJwQFc7YhhWO/DEUCNR"
    "J2jrOIFd646Jzqscf0x6NdgBtrXbqpIENrYEck8Xzy9RCcQO78c5lnm2b6+E92HJcU2EX5"
    "3V/gk1/NIVSKaAiDnDZATj6VoYmU/IJDhm+s/IoFCMh/sCKiAPNVf4AqKjWMail+Srodl0"
    "Lz6A6Buyqd+F470Z3tzXxTcm7Hxjwr1EDcmXyPsdkp70kZob2c+QtIXelSTDvX8xJP3brn"
    "IzoPZn7wJKOjdw17kZko7QvgUildVHbobkThjI7Vu6/yG4GpLuvSK1aQ5q+BkSWbq5VdTP"
    "Ul/qAnP0DigVxsp+qmHgtA0zw7JZ0Hjt81Z6WvSla1HodWBgvQvqg5BvvJENrmB69MQvKr"
    "VLs/Thy5shuRaprfoSeb/VGLSRZuglt+FGWLjvb73vj9gZxukVQphdm80i+94EGiQ4Vr8n"
    "Y+UK+7BzW+D4r8efu14a27peUmbtIjZCnoaWG712gto+jV7UDJ1h7vKt0/mGLscnKJQudK"
    "7RoFaa9hGZBGnoURtP4JImpmFxsJc0hJVtQGemLEezJtgJY15Z+poRkD5iZOFn85ufQiaV"
    "VnQ/j+F2tIrb0Xj6UV90aL0roncAVa7wwOqS0ht7FVQtQ2lcva03zsm39PItvbWWEWOyDX"
    "UDlVz9lyw8B2oiqyxLUlc2q2yUiSO6OqtsmPRwy/iRwpkqq4nq+ryy0UlVIDAn2K62g5Cn"
    "+oIaWflKR+TsUzUSRl48b4Z6FFQ1Vx48HSFaqyZ9mZoICOwTllaTHdscJva0R+YcI5cY2L"
    "ah2jDUkORn9DDXbPvFhH92qtlTxgN6jUla+phpNITpNjphLRkYNKKMkIJXfzpXqirwRWiu"
    "UKpcG1tl0/ZFearsIaqMzyEArKx3PMlXO01291DH1qkyWKcY6+dy2I/dwDSy0lAKlqUt8v"
    "bQGJkZKA3dPuLUO5nmAfFX5fc/kls6Il/WDDv4ysNdE6z8GNESx4jmY75irq5Au37TlYoL"
    "qel6dHtld5M981rq012M3uZUdpUUpg8TIMINeI2DOHlHhmm/fraqiokTxf29HKe1OGlzHf"
    "Tib3hrb/hcV2gzx/stWnPMKLbt7WMG+l4rdQJpnzax+AuYYRlLvaH59rH4PrHiZjKaIJCm"
    "vtJHU+bWbyJYgUeYJsMiTfS4gAvTxmiqkfEJasP6jMfIBIKmb40aQQ38c0h7cvJsYbt/BD"
    "d4VdzgBbMQQ182OO8mzVk7e8x5kW0K5/m7FM5TmxR80DIWb32Sn2VjyfR6Ius+Qfak1n+1"
    "Wmdn71unZxcf3p2/f//uw2kovqarVsmxV9INFWVjg5DhnGaBdwy5zFm+Xn2Lt1BlU29DET"
    "v33Z7Q+3qJwsshuRXka7UntkXpXrlE0bshETti70aU28ARXlZDx2OwbxKJE2PcQSBO1d6j"
    "OkXijGlQbOkRXnLxOKsqjy78a2OdAqCa7sa7sFKNVHoF/lEShxEzyx6af/RMQF8Hf9IaX0"
    "fs7dzFeTMjpnJtsE7GGPlSWemlkg5V7pFOBVfKRBsVftcaPVEZ9GQvF6Z3NSQsr+ZHscdS"
    "ZEZuVqfVvKaBU92vzEkRXA5JuwucbbbehpfVWDmX3zN985FOtFHlkf5Rvoj+kScbHMuW5q"
    "zweFb2K2lhx7WIWlYwSbBx5DdAnqaDteF5Fs4w3q7OIhth28jIVTHoeSLZSsPJE8nufLtK"
    "8PF6LAtripFvW8lU+0oDm+TjuMZxpe5ObJUENcbEF4FsW33pqZrk41O1Ijsr6zlN5641py"
    "aSknsrY1x8iq7cXMmTcxfdCFgkOffhdlceK6rrt1emRYEdoFp4K/Cx4hqTfwog6y+au4B2"
    "2dJRrq/rt1nHvi9FVoJAatrFMrvctltPdJMiZgF8QwWK47se36S2WQDfpeb/mivvkeKbMp"
    "NUKmtAsDhnxEZH1u38qOjIZ6LI8QFj11kgOgFO0IOfuJlt3sezOVTMsEZslt1sgYK0zvTA"
    "AHb4cNJJtH1rPMi5AqpIE/FUaWudnbvPslo2WUKNEyXsM6t92Y26cbbab9XN3Fnud0DdPv"
    "A7u6VX3MQbxnCXXHdrFQfOXaCNw+z1PeTBZkcirO9192E8wXNWXq5kBugVJ3Wl008XlbkN"
    "nbBjt2hOq5lmOzR3cLQdRL8rl0hDXro4oFmgMagwQR7ippeTeMFuaENa7ESvJnqyzBkU0j"
    "jUJm1kqs1tBDqzbtDExVmCexW6xKX/ikv/z5qhw+IGI5lGm4ZN53w7YlyrYqbrJUrRIOjk"
    "h5dBwWZ9eQRDti0hrOaHoCCCPJv0jxC6zwXUrQXUSsQ8HM8rchznvNcSz4Nm5z4ieeKY0n"
    "NXFNad5+cOT2reQQhJeDr0US4Ca6GNLoGVi805Ukyrmvn8l9gxexl2ll+S5/Dl21lSR/YV"
    "SfKkOUtTxVSzkT01XwhyTHo2E22YXo7NJnJhfC0gZWc+OZQtarWw2XFO/uGB5a0qh+sGt6"
    "RU4IPcrKwftVLOvt17Uv0VA3T9LKEn38yS5PuhTVX4zzmsNnZJCONc3FDFDVWlcOSGqh/b"
    "UMVNAdwUUBXdqogp4DDaVZiYOcuBHUnavOJkqSBFdFGPNSNmJ92CPmOZE0ubXfrajJe21n"
    "ZgAo0R6Dga6t8Kb1rvLqDGWGT5mrdrjOs2FVhhmit0Gx7IuMdjiNi7k3MG0ZVONCsnjDHO"
    "lzzfZeF44Y1HBvYKcK9oTpWoEAmYXkmy0PuanZYloI/O9auviigko0gtTPHZJHNcjJMnUa"
    "20XB/oseWHOc7Jh7nSw8yV9B9hlP1zVMvmKIpxcb1yTZKC5abMLRXL4ts7Kwrs+jQFsZlV"
    "KdWybc7mtC/jHgZIbaeRdUJLkqa58pCWgFq1IuQFVE6f3HOH2e5ohPEYjy+9I4WhR+jBp5"
    "DGD0HkMiuHdkG1pO42YiIb08SeCD894ZHTZEcKg95oR6iJ/ZJ1isshOpCh2v7eYK0FB7X6"
    "T6RT5w+u9VZJ640NU1HVN8bE9d8C+m/kBSgxqeNc/Fueyp88gy9CBqKrHNIhC5+3BeatZk"
    "3cGYaHbWC7SfNy+01zQ/uN97VN45+fzXjJUYuJvmbvbwzznZy0EMp/G5jMErzcmlI5PbvE"
    "Pth96i3BKZwZ6krkgM58LcWOEBXQTWzQaN/o5BLpIMk/Ys3Clu/V0u1SrrDNG+JusEoIUf"
    "kKAffUcE/N8Y3GUXx0uKfmxxtmgHCTdznKx700VR5h7qXhXhrupSmk7UizuWlRBwx7lVIa"
    "T7S6uTKFjU+oWj5l0Z1VQM9yvBAEKouhg9JiL2ya+OURj6AvTWSbntsk9HJQDlBpvNPt/Q"
    "ScSCfIedFH+Vun9vGcLRQn23StUanYtiVH7TIgvr04LWAkBaoViclO/7lGibLdx//Do40P"
    "uo2wV9l41xjIkkLP5pOUIRF6nS7NMuf9Dsm92Ot35Uvk/Q6JpIgdtdO9Fu8u0fLaK/dKhk"
    "QRbi4R/AHuQe++2xeB3buA9gfKbbcn/SYoEm02dssOBLyTPkptvzZ2OyTtQV/pXn+lOe66"
    "PXoOZOwe2m63uwMZ/hX/AnpFU+VBgfebfM+LzLNWEVt8K98W30rZ4v1ZUVLSiHNxSSOZYy"
    "T4lmxwunyclWti1ZbT+YFv/MCXqsjoBQ58OYyIfofHE2yJz5hkxlBFq1eK6AYjVHFIuVZE"
    "7xKaQgDQ9STjKbQNgz8+QX38vYm81KPUq+A00dzCz7rp2jRWacpCk7wLC4Rp7KDHBZOrqX"
    "D2qNn4Z0RMr+HRVCMTbCPtyckKnTpIDzJjp6BPWGP5P2z8vXjEFEO75AoX5eHOkrLOkuVA"
    "FdasQo4qS/Yb6lZnRVI+n+WnfD5LpXym8z+F7pU+yd2n7DO83h7lfYLrbVP+V6t1dva+dX"
    "p28eHd+fv37z6chvuV01WrNi5fSTd073IM/PRmZoZZ5oxer7gGvFWe20xrBdXvRuorYo8e"
    "IJ8ooIfPQwFMSfkmrPbvAj03xp8qCqnCNuL3gXYcayVVFFKFrcTvh+R6oHxVQTBWBv0lUU"
    "Yh609fvRJ6KlVo+36PYiURGlCdlRiJV5DQwdWbniB7dFnFSeqe+Ln7KU3tFyc0eF8zp+TZ"
    "5Wl6v/XM4qj1IYZ5ZnGMOoQ1XRZaKeLDmCpb0i0HMl7gPzHVs1Sf4r2Jc/dFWVGVrtoR4J"
    "0WZUFuiz5dRo3PcyW0P6kfe91OBldmnc8n9fuDsBveTfg/KIOeHPkPvFtm21GFfl+6YZXR"
    "O68uHMHITWiZUds9UfDmWrwgQhG+avGCJcW11Beu7qIkQQmMEHTmC8wsumjA8ETuoHfQFX"
    "nZg9htULvsffR2aXny7EhixPYUlAzJnXgjtKMkiYJNrE/nRU4iOc8/iOQ8dQ4JN2lykyY3"
    "ab6K/WBbkyZPm7xDNA+a26eeiGoLw9Qy8MwPZo+wVPnrUdlodn/Dlp63WWb99zveQpUHoZ"
    "H+9LW7cr97B59e/2KTj9/uj7PyIC0bN7Tk4etKFp5l0/jEuao8sTcNeNjLqYQWHmPi6FrZ"
    "EwVSjHwWx5F90R2CbbskrHEujmmldt/WElNokNjaKMhuXtxCn2DklvqNLfVecgb9GW8SYJ"
    "7g5dErlY5eCbzPG6V8irHyga70QMNYwYA5GYesrpCpIjz8M5UwNviRGhvsaEyx8k2NzQ03"
    "NZYHn2O+CeZV2dbOglxusRaPT0rXNldubmd06jQgXBtCpkwxMjTbQSyoyTvN12vES2DlBP"
    "WwWmJgg27PHrFFCek+ds2a2cgyzdkJUiLRW0gzTILRzHzGNtCl48Ze77Hb7AE5eKRShfaA"
    "7CpOaUVgWOXjlk73hfRBVCH+gXn9j7q/nGWIqqsmepSLz/bNZvtB9zLURk2o1FaGaqJ6xD"
    "sZBGzpo2mW/OnXrJQ9tSXNOrEzH9Md5zrKXVIzX+mMxdQfwOoKaTs5lilfKMs99SpfCM4/"
    "9qoOrsHWu3dFIrrevcsP6aJ1iY8TvFQlEPbJa4ju29NCO81PV+w0Pz1NOV5N4uCsVBj/2+"
    "/KeebBkCVp/NVHDvp/ZOj2MTpdVoBLwYiJvKkgmmS8TEJEoA1cHdqg8vd/AXu7TCM="
)
