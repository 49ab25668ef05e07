"""Words that tell names from other words, and one kind of name from another."""

from copilot.knowledge.relevance import STOPWORDS


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NO_NAME = STOPWORDS | _words(
    """
    january february march april may june july august september october november december jan feb mar apr jun jul aug sept sep
    oct nov dec monday tuesday wednesday thursday friday saturday sunday mondays fridays saturdays sundays am pm utc table
    figure section page note notes item part chapter appendix annex yes no none total date name id no. nos article question
    answer
    """
)
"""Capitalised without being names, in lower case."""
IDLE = STOPWORDS | _words(
    """
    also been between both each et etc first had here item just made more most only other others over such two false true null
    none
    """
)
"""Words that name no topic."""
COMPANY = _words(
    """
    Inc Corp Corporation Ltd Limited LLC GmbH AG plc PLC SA SE NV Co Company Bank University Institute Agency Authority Board
    Commission Council Ministry Department Office Association Group Holdings Partners Foundation Airlines Airways Systems
    Committee Administration Bureau Court Union Society Laboratory Laboratories College School Hospital Division Team Insurance
    Industries Aviation
    """
)
"""How the names of organisations end."""
SITE = _words(
    """
    Street Avenue Road River Airport County City Island Lake Mountain Bay Valley Boulevard Square Park Harbour Harbor Coast
    """
)
"""How the names of places end."""
GIVEN = _words(
    """
    James John Robert Michael William David Richard Joseph Thomas Charles Christopher Daniel Matthew Anthony Mark Steven Paul
    Andrew Joshua Kevin Brian George Edward Peter Henry Frank Martin Jack Simon Oliver Lucas Max Felix Jonas Karl Hans Jan Ivan
    Ali Omar Ahmed Juan Carlos Luis Pedro Marco Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Sarah Karen Lisa
    Nancy Emily Emma Olivia Sophia Anna Maria Laura Julia Helen Rachel Kate Jane Ruth Alice Ada Grace Clara Nina Eva Ingrid
    Amina Fatima Priya Mei
    Ann Tom Tim Sam Ben Bob Bill Jim Joe Amy Eve Kim Ian Eric Alan Alex Sara Lena Lea Mia Zoe
    """
)
"""Frequent given names."""
KNOWN = _words(
    """
    EU USA US UK UN EUR USD GBP CHF HR IT ID CEO CFO CTO COO VAT FAQ URL URI PDF CSV HTML XML JSON SQL API AWS OK AM PM UTC GMT
    GPS TV PC USB VPN WIFI SMS DVD CD LED DNA IBAN BIC SWIFT PIN PO BOX TBD NA N/A NB PS ISBN ISO DIN CC KG KM GB MB TB KB LLC
    AG SA PLC INC LTD
    """
)
"""Acronyms that need no explanation."""
COUNTRIES = _words(
    """
    Argentina Australia Austria Belgium Brazil Britain Bulgaria Canada Chile China Colombia Croatia Cyprus Denmark Egypt England Estonia
    Europe Finland France Germany Ghana Greece Hungary Iceland India Indonesia Iran Iraq Ireland Israel Italy Japan Kenya Korea Latvia
    Lithuania Luxembourg Malaysia Malta Mexico Morocco Netherlands Nigeria Norway Pakistan Peru Philippines Poland Portugal Romania Russia
    Scotland Serbia Singapore Slovakia Slovenia Spain Sweden Switzerland Taiwan Thailand Tunisia Turkey Ukraine Vietnam Wales Africa Asia
    """
)
"""Countries of one word, and continents."""
