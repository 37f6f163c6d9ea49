"""What multiplies matrices for NumPy here: its figures differ by half from processor to processor, and by what it takes this one for."""

from threadpoolctl import threadpool_info


def blas():
    """OpenBLAS 0.3.21 for Cooperlake, say. To be asked when NumPy is there."""
    return ", ".join(
        f"{library['internal_api']} {library['version']} for {library.get('architecture', 'any')}"
        for library in threadpool_info()
        if library["user_api"] == "blas"
    )
