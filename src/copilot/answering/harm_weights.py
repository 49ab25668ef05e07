"""Weights of the guard against harmful requests; made by `scripts/fit_guard.py`."""

BIAS = -1.6518
WEIGHTS = (
    "xjbCN3EyeCzTtZY4Iiw3Lfi6wrREO720dzzksYcevrZzN1s8OC6bMYG5o7gxPP65NLviKJw7rzOhti02LT3eupG467YFPNK74Te5PMU2ELOhOzK6aziZMset"
    "La7tszs6MjEmuLG6OrArum6347qNvdy1AzyVuDM7TDCrPDI32rmeuj45az0vPR44HzoQNVsxmLnFNOO/MbhetyCxgbV1OWm52q6TNk6dOLUXO7u4n7zVtuCt"
    "zDRXN4w5qrwUOzo45rkYp4u8JjkntJc1Ljiwr9A8Oza/PcgqDLjkulIvgyxUtnIxijg0MeI85TmuMKi2krVytF+83TS3O1q8ErYAAPQ2BkC/ODkrubu1PCkz"
    "x72eOHk5ErpIusY3NK7BuXe30blzLDI7ITShOgS7ETwrtlU0zbg2sDw8yTj3uXc0HzeQPDu26rc1u2G1e7UPuLy22jesNZMw4DRGrYQ+HrPktJ04TrlvtLYx"
    "2ryMNeK2bbleuEg5aDw4rqe3zLs2tgs3Jqs8uoo9mKhtteu4oKtvPfu5IDZMt4240zFOt1w8KrmeOSguMjQVORI9tLg2NOq47a6IMJg0aLXPMIC1Fq4AgD04"
    "4LqDPDQmsKlyKOkp8rjjOQs5TDMEtK07nrjWOCWxND3XMfIsXrZXvOo4A7uKPQ80lbJmtW6kup2kMrm64KZtt127/rxUt30rVD0gMFU2ArjKNcC7obiGtaW3"
    "gjZIMQ0uyzTMrcuzlbn9tL85sLuwPka6tjyptai8Qry3uGk8v7V4ugm3/zFKvKYyZ7Wdu/gybLjjuKMyk7jaMyMzVrxeP6+5UjyhsfSvXDmEPSsv1T1pruy5"
    "TL1nPJm2qjAAgJCzbb6cuCA8pb0+PvS8ybibrkm3bre0rse4jzj3sJ+wu7dxOMo2EzjsucewwDGNLP851SaNsVK4gjkuOkIxcb29Lm07jzeRsSk0JDput+Er"
    "KLUFtam52q0DtDy9sLbstKc09zD3On27mzcvuTg8RbfduYQ7eSvzOD0xxzq0r8i3"
)
"""One half-precision number a dimension of the sentence's vector, little-endian, base64."""
